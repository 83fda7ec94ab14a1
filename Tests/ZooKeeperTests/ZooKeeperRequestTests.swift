import Testing
import Wire

@testable import ZooKeeper

struct ZooKeeperRequestTests {
    @Test func `a type that is not known is nil, not an error`() throws {
        var at = 0
        #expect(try ZooKeeperRequest([UInt8]().span.bytes, &at, type: 999) == nil)
        #expect(try ZooKeeperRequest([UInt8]().span.bytes, &at, type: -10) == nil)
    }

    @Test func `null strings and lists read as empty, null data stays null`() throws {
        let body: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]
        var at = 0
        let request = try ZooKeeperRequest(body.span.bytes, &at, type: OpCode.create.rawValue)
        var expected = CreateRequest(.create, path: "", data: nil, acl: [])
        #expect(request == .create(expected))
        expected.data = []
        #expect(request != .create(expected))
    }

    @Test func `bytes behind the last field are let pass`() throws {
        let frame =
            ZooKeeperRequest.exists(ReadRequest(path: "/a", isWatching: true)).frame(xid: 1) + [1, 2, 3]
        var at = 12
        let request = try ZooKeeperRequest(frame.span.bytes, &at, type: 3)
        #expect(request == .exists(ReadRequest(path: "/a", isWatching: true)))
        #expect(at == frame.count - 3)
    }

    @Test func `a count that the frame cannot hold is an error that names its field`() throws {
        let huge: [UInt8] = [
            0, 0, 0, 2, 0x2F, 0x61, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
        ]
        let error = #expect(throws: WireError.self) {
            var at = 0
            _ = try ZooKeeperRequest(huge.span.bytes, &at, type: OpCode.create2.rawValue)
        }
        #expect(error == WireError(.countTooLarge(0x7FFF_FFFF), at: 10, "CreateRequest.acl"))
    }

    @Test func `a read within a multi, and a write within a multiRead, are errors`() {
        let read = ZooKeeperRequest.multiRead([.getData(ReadRequest(path: "/a"))]).frame(xid: 1)
        let write = ZooKeeperRequest.multi([.check(VersionedPath(path: "/a"))]).frame(xid: 1)
        for (frame, type, unexpected) in [(read, OpCode.multi, 4), (write, .multiRead, 13)] {
            let error = #expect(throws: WireError.self) {
                var at = 12
                _ = try ZooKeeperRequest(frame.span.bytes, &at, type: type.rawValue)
            }
            #expect(error == WireError(.unexpectedValue(unexpected), at: 12, "MultiHeader.type"))
        }
    }

    @Test func `a multi that is never ended is an error`() {
        let frame = ZooKeeperRequest.multi([.delete(VersionedPath(path: "/a"))]).frame(xid: 1)
        let open = Array(frame.dropLast(9))
        let error = #expect(throws: WireError.self) {
            var at = 12
            _ = try ZooKeeperRequest(open.span.bytes, &at, type: OpCode.multi.rawValue)
        }
        #expect(error?.reason == .truncated(wanted: 4))
    }

    @Test func `a path that is not UTF-8 is an error`() {
        let body: [UInt8] = [0, 0, 0, 2, 0x2F, 0xFF, 0]
        let error = #expect(throws: WireError.self) {
            var at = 0
            _ = try ZooKeeperRequest(body.span.bytes, &at, type: OpCode.getData.rawValue)
        }
        #expect(error?.reason == .invalidUTF8)
    }

    @Test func `deleteContainer's path is all of its body`() throws {
        let frame = ZooKeeperRequest.deleteContainer(path: "/a/b").frame(xid: 5)
        #expect(frame == [0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0, 20, 0x2F, 0x61, 0x2F, 0x62])
        var at = 12
        #expect(try ZooKeeperRequest(frame.span.bytes, &at, type: 20) == .deleteContainer(path: "/a/b"))
    }
}
