import Testing
import Vocabulary

@testable import CommitLog

struct LeaderEpochsTests {
    private func epochs(_ entries: (Int32, Int64)...) -> LeaderEpochs {
        var epochs = LeaderEpochs()
        for (epoch, start) in entries { _ = epochs.assign(LeaderEpoch(epoch), startOffset: Offset(start)) }
        return epochs
    }

    @Test func `an epoch ends where the next one begins, the latest at the log's end`() {
        let epochs = epochs((1, 0), (3, 10), (4, 25))
        #expect(epochs.endOffset(of: 4, logEnd: 40)! == (4, 40))
        #expect(epochs.endOffset(of: 3, logEnd: 40)! == (3, 25))
        #expect(epochs.endOffset(of: 1, logEnd: 40)! == (1, 10))
    }

    @Test func `for an epoch without records the one below it answers (KIP-279)`() {
        let epochs = epochs((1, 5), (3, 10))
        #expect(epochs.endOffset(of: 2, logEnd: 40)! == (1, 10))
        // Older than all: it ended where the first began.
        #expect(epochs.endOffset(of: 0, logEnd: 40)! == (0, 5))
    }

    @Test func `a newer epoch than all known has no end here`() {
        #expect(epochs((1, 0)).endOffset(of: 2, logEnd: 9) == nil)
        #expect(LeaderEpochs().endOffset(of: 0, logEnd: 9) == nil)
        #expect(epochs((1, 0)).endOffset(of: .unknown, logEnd: 9) == nil)
    }

    @Test func `an assignment removes what contradicts it`() {
        #expect(epochs((1, 0), (5, 20), (3, 10)) == epochs((1, 0), (3, 10)))
        #expect(epochs((1, 0), (2, 20), (3, 15)) == epochs((1, 0), (3, 15)))
        var same = epochs((1, 0))
        let changed = same.assign(1, startOffset: 7)
        #expect(!changed)
    }

    @Test func `cutting either end keeps the epochs that hold`() {
        var epochs = epochs((1, 0), (3, 10), (4, 25))
        let wasCut = epochs.truncate(to: 25)
        #expect(wasCut)
        #expect(epochs.latest == 3)
        let hasMoved = epochs.begin(at: 12)
        #expect(hasMoved)
        #expect(epochs.entries == [.init(epoch: 3, startOffset: 12)])
        #expect(epochs.epoch(for: 11) == nil)
        #expect(epochs.epoch(for: 12) == 3)
    }

    @Test func `the checkpoint is Kafka's text, and damaged text is none`() {
        let epochs = epochs((1, 0), (3, 10))
        #expect(String(decoding: epochs.encode(), as: UTF8.self) == "0\n2\n1 0\n3 10\n")
        #expect(LeaderEpochs.decode(epochs.encode()) == epochs)
        let bytes = epochs.encode()
        for cut in 0..<bytes.count { #expect(LeaderEpochs.decode(Array(bytes[..<cut])) == nil) }
        #expect(LeaderEpochs.decode(Array("0\n2\n3 10\n1 0\n".utf8)) == nil)
        #expect(LeaderEpochs.decode(Array("1\n0\n".utf8)) == nil)
    }
}
