import Client
import Testing
import Vocabulary

struct ReceiveBufferTests {
    @Test(arguments: 0..<20)
    func `frames come out whole, however the bytes arrive`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        let frames = (0..<50).map { index in
            [UInt8](repeating: UInt8(index), count: Int.random(in: 4...3000, using: &chance))
        }
        var stream = frames.flatMap { frame in
            withUnsafeBytes(of: UInt32(frame.count).bigEndian, Array.init) + frame
        }[...]
        let buffer = ReceiveBuffer(capacity: 64)
        var seen: [[UInt8]] = []
        while !stream.isEmpty {
            let count = min(stream.count, Int.random(in: 1...5000, using: &chance))
            buffer.append(Array(stream.prefix(count)))
            stream = stream.dropFirst(count)
            while let frame = try buffer.nextFrame({ span in span.withUnsafeBytes(Array.init) }) {
                seen.append(frame)
            }
        }
        #expect(seen == frames)
        #expect(buffer.isEmpty)
    }

    @Test(arguments: [Int32(-1), 0, 3, .max])
    func `an impossible length is the peer's mistake`(length: Int32) {
        let buffer = ReceiveBuffer(frameBytesMax: 1000)
        buffer.append(withUnsafeBytes(of: length.bigEndian, Array.init))
        #expect(throws: ClientError.self) { try buffer.nextFrame { _ in } }
    }
}
