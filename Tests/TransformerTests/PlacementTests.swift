// Models whose blocks are on two backends: every layer count gives the bits of one backend, with branches, commits and forks.

import Compute
import Testing

@testable import Transformer

struct PlacementTests {
    let prefix: [Int32] = [5, 9, 17, 3, 22, 101, 64, 7, 250, 33, 12]

    /// Logits along a timeline that scores two branches, keeps one, forks and goes on in the fork.
    func story(_ decoder: Decoder) throws -> [Float] {
        let cache = try decoder.makeCache(context: 100)
        var all = try decoder.forward([Run(cache: cache, tokens: prefix, want: .allLogits)])[0].logits
        let branches = [cache.openBranch(), cache.openBranch()]
        let scored = try decoder.forward([
            Run(cache: cache, branch: branches[0], tokens: [8, 44], want: .scores(targets: [44, 9])),
            Run(cache: cache, branch: branches[1], tokens: [13, 14, 15], want: .allLogits),
        ])
        all += try scored.flatMap { try $0.logits + $0.logprobs }
        try cache.commit(branches[1])
        let fork = try cache.fork()
        return try all + decoder.forward([Run(cache: fork, tokens: [77, 78], want: .allLogits)])[0].logits
    }

    @Test(arguments: smallModels)
    func layersOnTwoBackendsGiveTheSameBits(_ model: ReferenceModel) throws {
        let (device, host) = (try CPUBackend(threads: 1), try CPUBackend(threads: 2))
        let whole = try Decoder(file: model.file(), backend: device)
        let expected = try story(whole)
        for layers in 0...whole.config.blockCount + 1 {
            let split = try Decoder(file: model.file()) {
                Placement(layers: layers, of: $0, device: device, host: host)
            }
            #expect(try story(split) == expected, "\(layers) layers")
            let isSplit = layers > 0 && layers < whole.config.blockCount
            #expect(split.placement.name(blockCount: whole.config.blockCount).contains("layers") == isSplit)
        }
    }

    @Test func plansCountWhatIsOnTheDevice() throws {
        let model = try #require(smallModels.first { $0.name == "tiny-llama" })
        let file = try model.file()
        func demand(_ layers: Int?) throws -> DeviceDemand {
            let request = DeviceDemand.Request(
                layers: layers, context: 100, cacheType: .f16, batch: (512, 32))
            return try DeviceDemand(name: "m", file: file, request, stored: { $0 })
        }
        let (none, one, all) = (try demand(0), try demand(1), try demand(nil))
        #expect(none.total == 0)
        #expect(all.fileWeights == file.tensors.reduce(0) { $0 + $1.byteCount })
        #expect(all.layers == all.blockCount && all.weights == all.fileWeights)
        #expect(all.cache == one.cache * all.blockCount)
        let config = try DecoderConfig(file)
        #expect(one.logits == 64 * config.vocabularySize * 4)
        #expect(one.cache == 2148 * config.headCountKV[0] * (config.keyLength + config.valueLength) * 2)
        let plan = { (layers: Int) throws -> DevicePlan in
            DevicePlan(
                device: "d", demands: [try demand(layers)], available: try demand(1).total + DevicePlan.overhead)
        }
        #expect(try plan(1).fits)
        #expect(try !plan(2).fits)
        #expect(DevicePlan.mostLayers { try? plan($0) } == 1)
        #expect(
            DevicePlan.mostLayers {
                var none = try? plan($0); none?.available = 5; return none
            } == nil)
    }
}
