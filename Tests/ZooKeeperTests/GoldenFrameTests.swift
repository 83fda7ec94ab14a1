import Testing
import Wire

@testable import ZooKeeper

/// Frames recorded between a real ZooKeeper 3.8.0 and its clients (kazoo 2.11, the Java client): every op code.
struct GoldenFrameTests {
    @Test func `every recorded frame decodes to what it says and encodes to the same bytes`() throws {
        let frames = try GoldenFrame.all()
        for golden in frames {
            do {
                let (text, end, encoded) = try Self.read(golden)
                #expect(text == golden.text, "\(golden)")
                #expect(end == golden.bytes.count, "\(golden)")
                guard !golden.hasNull else { continue }
                #expect(Array(encoded.dropFirst(4)) == golden.bytes, "\(golden)")
                #expect(Int(encoded.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }) == golden.bytes.count)
            } catch {
                Issue.record("\(golden): \(error)")
            }
        }
        #expect(frames.count == 203)
        let requested = Set(frames.filter { $0.kind == .request }.compactMap(\.opCode))
        let missing = OpCode.allCases.filter { !requested.contains($0.rawValue) && $0 != .deleteContainer }
        #expect(missing == [])
    }

    @Test func `every recorded frame cut anywhere is an error, never a trap`() throws {
        for golden in try GoldenFrame.all() {
            for length in 0..<golden.bytes.count {
                let cut = GoldenFrame(golden, bytes: Array(golden.bytes[..<length]))
                guard let read = try? Self.read(cut) else { continue }
                // A connect frame without its last byte is that of an old client; a failed reply has no body.
                let isWholeWithout = golden.kind == .connectRequest || golden.kind == .connectResponse
                #expect(
                    isWholeWithout && length == golden.bytes.count - 1, "\(golden) cut at \(length): \(read)")
            }
        }
    }

    @Test func `every recorded frame with a length raised is an error or other text, never a trap`() throws {
        for golden in try GoldenFrame.all() {
            for position in 0..<max(0, golden.bytes.count - 3) {
                for raised: UInt32 in [0x7FFF_FFFF, 0xFFFF_FFFE, 0x0010_0000] {
                    var bytes = golden.bytes
                    for index in 0..<4 { bytes[position + index] = UInt8(raised >> (24 - 8 * index) & 0xFF) }
                    _ = try? Self.read(GoldenFrame(golden, bytes: bytes))
                }
            }
        }
    }

    /// - Returns: the frame's text, how far it was read, and the whole frame written again.
    private static func read(_ golden: GoldenFrame) throws -> (text: String, end: Int, encoded: [UInt8]) {
        var at = 0
        let bytes = golden.bytes.span.bytes
        switch golden.kind {
        case .connectRequest:
            let request = try ConnectRequest(bytes, &at)
            return (FrameText.of(request), at, request.frame)
        case .connectResponse:
            let response = try ConnectResponse(bytes, &at)
            return (FrameText.of(response), at, response.frame)
        case .request:
            let header = try ZooKeeperRequestHeader(bytes, &at)
            guard let request = try ZooKeeperRequest(bytes, &at, type: header.type) else {
                throw WireError(.unexpectedValue(Int(header.type)), at: 4, "RequestHeader.type")
            }
            let text = ["xid=\(header.xid)", "\(request.opCode)", FrameText.of(request)]
            return (joined(text), at, request.frame(xid: header.xid))
        case .reply:
            let header = try ZooKeeperReplyHeader(bytes, &at)
            let opCode = try #require(golden.opCode.flatMap(OpCode.init))
            let reply = try ZooKeeperReply(bytes, &at, to: opCode, code: header.code)
            return (
                joined([FrameText.of(header), FrameText.of(reply)]), at,
                reply.frame(xid: header.xid, zxid: header.zxid)
            )
        case .event:
            let header = try ZooKeeperReplyHeader(bytes, &at)
            let event = try WatcherEvent(bytes, &at)
            return (
                joined([FrameText.of(header), FrameText.of(event)]), at,
                event.notificationFrame(zxid: header.zxid)
            )
        }
    }

    private static func joined(_ parts: [String]) -> String {
        parts.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
