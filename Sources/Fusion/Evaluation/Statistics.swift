// The two statistics of a headroom report: an exact interval for a share, and an exact test for two methods on the same
// problems. Both are sums over the binomial distribution, computed in logarithms.

#if canImport(Glibc)
    import Glibc
#endif

public enum Statistics {
    /// Clopper-Pearson interval for `successes` of `trials` at 95 %: the shares p for which a result at least this extreme
    /// has a probability of 2.5 % or more on either side. Source: Clopper and Pearson 1934.
    public static func interval(successes: Int, trials: Int) -> (lower: Double, upper: Double) {
        guard trials > 0 else { return (0, 1) }
        let tail = 0.025
        // P(X >= s) grows with p, P(X <= s) falls with it.
        let lower = successes == 0 ? 0 : root { atLeast(successes, of: trials, $0) - tail }
        let upper = successes == trials ? 1 : root { tail - atMost(successes, of: trials, $0) }
        return (lower, upper)
    }

    /// Two-sided exact McNemar test: `a` problems only the first method solved, `b` only the second. The probability of
    /// a split at least as uneven if neither were better. Source: McNemar 1947, exact binomial form.
    public static func mcNemar(onlyFirst a: Int, onlySecond b: Int) -> Double {
        guard a + b > 0 else { return 1 }
        return min(1, 2 * atMost(min(a, b), of: a + b, 0.5))
    }

    private static func atMost(_ count: Int, of trials: Int, _ p: Double) -> Double {
        (0...count).reduce(0) { $0 + exp(logBinomial($1, of: trials, p)) }
    }

    private static func atLeast(_ count: Int, of trials: Int, _ p: Double) -> Double {
        (count...trials).reduce(0) { $0 + exp(logBinomial($1, of: trials, p)) }
    }

    private static func logBinomial(_ k: Int, of n: Int, _ p: Double) -> Double {
        if p <= 0 { return k == 0 ? 0 : -.infinity }
        if p >= 1 { return k == n ? 0 : -.infinity }
        let choose = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
        return choose + Double(k) * log(p) + Double(n - k) * log1p(-p)
    }

    /// Where an increasing function of 0...1 passes zero.
    private static func root(_ f: (Double) -> Double) -> Double {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if f(middle) < 0 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
