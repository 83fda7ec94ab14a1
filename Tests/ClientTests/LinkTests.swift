import Client
import Messages
import Testing
import Vocabulary
import Wire

struct LinkTests {
    private func opened() -> Link {
        var link = Link(id: LinkID(1), endpoint: Endpoint(host: "h", port: 1), clientID: "me")
        let frame = link.opened(deadline: .distantFuture)
        #expect(frame[4..<8] == [0, 18, 0, 3])
        return link
    }

    private func greeting(_ error: ErrorCode, version: Int16, correlationID: Int32) -> [UInt8] {
        var api = ApiVersionsResponse.ApiVersion()
        api.apiKey = 3
        api.minVersion = 0
        api.maxVersion = 5
        var response = ApiVersionsResponse()
        response.errorCode = error.rawValue
        response.apiKeys = [api]
        return withUnsafeBytes(of: correlationID.bigEndian, Array.init) + response.encoded(version: version)
    }

    /// A frame that only has a header.
    private func answer(_ correlationID: Int32) -> [UInt8] {
        withUnsafeBytes(of: correlationID.bigEndian, Array.init)
    }

    private func greet(_ link: inout Link) throws {
        let frame = greeting(.none, version: 3, correlationID: 0)
        let (waiting, at) = try link.match(frame.span.bytes)
        #expect(waiting.token == Link.greetingToken)
        let more = try link.greeted(frame.span.bytes, bodyAt: at, version: 3, deadline: .distantFuture)
        #expect(more == nil)
        #expect(link.state == .ready)
    }

    @Test func `the highest version both speak is taken`() throws {
        var link = opened()
        try greet(&link)
        let frame = try link.encode(MessageCall(MetadataRequest()), token: 1, deadline: .distantFuture)
        #expect(frame[4..<8] == [0, 3, 0, 5])
        #expect(throws: ClientError.unsupported(apiKey: 22)) {
            _ = try link.encode(MessageCall(InitProducerIdRequest()), token: 2, deadline: .distantFuture)
        }
    }

    @Test func `a broker too old for version 3 is asked again in version 0`() throws {
        var link = opened()
        let frame = greeting(.unsupportedVersion, version: 0, correlationID: 0)
        let (_, at) = try link.match(frame.span.bytes)
        let more = try link.greeted(frame.span.bytes, bodyAt: at, version: 3, deadline: .distantFuture)
        #expect(more.map { Array($0[4..<8]) } == [0, 18, 0, 0])
        let second = greeting(.none, version: 0, correlationID: 1)
        let (_, again) = try link.match(second.span.bytes)
        let end = try link.greeted(second.span.bytes, bodyAt: again, version: 0, deadline: .distantFuture)
        #expect(end == nil)
        #expect(link.offered[3] == 0...5)
    }

    @Test func `answers belong to requests in their order`() throws {
        var link = opened()
        try greet(&link)
        for token in 10..<200 {
            _ = try link.encode(MessageCall(MetadataRequest()), token: token, deadline: .distantFuture)
        }
        for token in 10..<200 {
            let bytes = answer(Int32(token - 9))
            #expect(try link.match(bytes.span.bytes).waiting.token == token)
        }
        #expect(link.waitingCount == 0)
        let bytes = answer(500)
        #expect(throws: ClientError.self) { _ = try link.match(bytes.span.bytes) }
    }

    @Test func `an answer out of turn ends the link`() throws {
        var link = opened()
        try greet(&link)
        _ = try link.encode(MessageCall(MetadataRequest()), token: 1, deadline: .distantFuture)
        let bytes = answer(7)
        #expect(throws: ClientError.self) { _ = try link.match(bytes.span.bytes) }
    }

    @Test func `endpoints are read as people write them`() {
        #expect(Endpoint("a.b:1") == Endpoint(host: "a.b", port: 1))
        #expect(Endpoint("a") == Endpoint(host: "a", port: 9092))
        #expect(Endpoint("[::1]:7") == Endpoint(host: "::1", port: 7))
        #expect(Endpoint("a:x") == nil)
        #expect(Endpoint(":1") == nil)
        #expect(Endpoint.list("a:1,b:2")?.count == 2)
        #expect(Endpoint.list("") == nil)
    }
}
