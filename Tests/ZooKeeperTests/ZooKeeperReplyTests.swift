import Testing
import Wire

@testable import ZooKeeper

struct ZooKeeperReplyTests {
    @Test func `a failure has its code in the header and no body`() throws {
        let frame = ZooKeeperReply.failure(.noNode).frame(xid: 7, zxid: 3)
        #expect(frame == [0, 0, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 155])
        var at = 4
        let header = try ZooKeeperReplyHeader(frame.span.bytes, &at)
        #expect(
            try ZooKeeperReply(frame.span.bytes, &at, to: .getData, code: header.code) == .failure(.noNode))
    }

    @Test func `an addWatch that fails in the body is a failure`() throws {
        var at = 0
        let body: [UInt8] = [255, 255, 255, 251]
        #expect(try ZooKeeperReply(body.span.bytes, &at, to: .addWatch) == .failure(.marshallingError))
    }

    @Test func `a result of a kind that no multi has is an error`() {
        let body: [UInt8] = [0, 0, 0, 9, 0, 0, 0, 0, 0]
        let error = #expect(throws: WireError.self) {
            var at = 0
            _ = try ZooKeeperReply(body.span.bytes, &at, to: .multi)
        }
        #expect(error == WireError(.unexpectedValue(9), at: 0, "MultiHeader.type"))
    }

    @Test func `codes carry ZooKeeper's names, and unknown ones their number`() {
        #expect("\(ResultCode.noNode)" == "NONODE")
        #expect("\(ResultCode.sessionMoved)" == "SESSIONMOVED")
        #expect("\(ResultCode(rawValue: -999))" == "-999")
    }

    @Test func `an event of a kind without a name is an error`() {
        let body: [UInt8] = [0, 0, 0, 9, 0, 0, 0, 3, 0, 0, 0, 0]
        let error = #expect(throws: WireError.self) {
            var at = 0
            _ = try WatcherEvent(body.span.bytes, &at)
        }
        #expect(error == WireError(.unexpectedValue(9), at: 0, "WatcherEvent.type"))
    }
}
