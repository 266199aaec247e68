// A mixture of experts as data: router, experts' weights, and how scores become weights.

/// The feed-forward networks of one layer and the router that picks among them.
public struct Experts: Sendable {
    /// How router scores become weights of the chosen experts.
    public enum Gating: Int, Sendable {
        /// Softmax over all experts, then the best are chosen.
        case softmax = 1
        /// Each score through a sigmoid, then the best are chosen.
        case sigmoid = 2
        /// The best are chosen, then softmax over the chosen.
        case softmaxOfChosen = 3
    }

    /// One feed-forward network: down(f(gate x) * up x), without gate: down(f(up x)).
    public struct FeedForward: Sendable {
        public var gate: Tensor?
        public var gateBias: Tensor?
        public var up: Tensor
        public var upBias: Tensor?
        public var down: Tensor
        public var downBias: Tensor?

        public init(gate: Tensor?, up: Tensor, down: Tensor) {
            self.gate = gate
            self.up = up
            self.down = down
        }
    }

    /// Router `[experts, in]` and its bias.
    public var router: Tensor
    public var routerBias: Tensor?
    public var networks: [FeedForward]
    /// How many experts each row visits.
    public var used: Int
    public var gating = Gating.softmax
    /// Weights of the chosen are divided by their sum.
    public var normalizesWeights = true
    public var weightsScale: Float = 1
    public var activation = Activation.silu
    /// A network every row visits; with `sharedGate` `[1, in]` scaled by sigmoid(gate · x).
    public var shared: FeedForward?
    public var sharedGate: Tensor?

    public init(router: Tensor, networks: [FeedForward], used: Int) {
        self.router = router
        self.networks = networks
        self.used = used
    }
}
