import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

struct OutputQueueTests {
    private let disk = SimulatedDisk()

    private func region(_ byteCount: Int, at position: Int64 = 0) -> FileRegion {
        FileRegion(disk: disk, file: FileID(1), position: position, byteCount: byteCount)
    }

    private func append(_ text: String, to queue: OutputQueue) {
        var text = text
        text.withUTF8 { queue.append(UnsafeRawBufferPointer($0)) }
    }

    /// All that is queued, in order, taken `step` bytes at a time: text as it is, a region as `<position+count>`.
    private func drain(_ queue: OutputQueue, step: Int = .max) -> String {
        var text = ""
        while let (piece, isLast) = queue.first() {
            switch piece {
            case .bytes(let bytes):
                let count = min(step, bytes.count)
                text += String(decoding: bytes[..<count], as: UTF8.self)
                #expect(!isLast || queue.byteCount == bytes.count)
                queue.consume(count)
            case .region(let region):
                let count = min(step, region.byteCount)
                text += "<\(region.position)+\(count)>"
                queue.consume(count)
            }
        }
        #expect(queue.isEmpty)
        return text
    }

    @Test func `bytes and regions come out in the order they went in`() {
        let queue = OutputQueue()
        append("ab", to: queue)
        queue.append(region(10, at: 5))
        append("cd", to: queue)
        queue.append(region(3))
        queue.append(region(0))
        #expect(drain(queue) == "ab<5+10>cd<0+3>")
        append("next", to: queue)
        #expect(drain(queue, step: 1) == "next")
    }

    @Test func `a region is sent in parts`() {
        let queue = OutputQueue()
        queue.append(region(5, at: 7))
        append("z", to: queue)
        #expect(drain(queue, step: 2) == "<7+2><9+2><11+1>z")
    }

    @Test func `one queue is moved behind another, half sent as it is`() {
        let queue = OutputQueue()
        append("abc", to: queue)
        queue.consume(1)
        let other = OutputQueue()
        append("xyz", to: other)
        other.consume(2)
        other.append(region(4))
        append("w", to: other)
        queue.append(contentsOf: other)
        append("!", to: queue)
        #expect(other.isEmpty)
        #expect(drain(queue) == "bcz<0+4>w!")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `whatever the sizes, nothing is lost or reordered`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let queue = OutputQueue()
        var expected: [UInt8] = []
        var taken: [UInt8] = []
        var next: UInt8 = 0
        for _ in 0..<400 {
            if Bool.random(using: &random) {
                let count = Int.random(in: 1...9000, using: &random)
                let room = queue.reserve(count)
                for i in 0..<count {
                    room[i] = next
                    expected.append(next)
                    next &+= 1
                }
            } else if case .bytes(let bytes)? = queue.first()?.piece {
                let count = Int.random(in: 1...bytes.count, using: &random)
                taken += bytes[..<count]
                queue.consume(count)
            }
        }
        while case .bytes(let bytes)? = queue.first()?.piece {
            taken += bytes
            queue.consume(bytes.count)
        }
        #expect(taken == expected)
    }
}
