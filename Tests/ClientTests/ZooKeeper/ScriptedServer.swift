import Client
import Testing
import Vocabulary
import Wire
import ZooKeeper

/// A ZooKeeper client with its world under the test's hand: time, links, and what the server answers.
struct ScriptedServer {
    var client: ZooKeeperClient
    var now = Instant(nanoseconds: 0)
    /// What the client did with links, but for what it sent: `connect 1 a:2181`, `close 1`.
    var happenings: [String] = []
    var wake: Instant?
    private(set) var link = LinkID(0)
    private var sent: [UInt8] = []

    init(_ address: String = "a", configure: (inout ZooKeeperClient.Settings) -> Void = { _ in }) throws {
        var settings = ZooKeeperClient.Settings(address: try #require(ZooKeeperAddress(address)))
        configure(&settings)
        client = ZooKeeperClient(settings)
    }

    // MARK: The world

    mutating func wakeUp(afterMs milliseconds: Int64 = 0) {
        now = now.adding(milliseconds: milliseconds)
        wake = nil
        run(client.step(.woke, at: now))
    }

    mutating func open() { run(client.step(.opened(link), at: now)) }

    mutating func cut(_ reason: String = "gone") { run(client.step(.closed(link, reason: reason), at: now)) }

    /// Sends a frame to the client; its length is cut off.
    mutating func send(_ frame: [UInt8]) {
        let body = Array(frame.dropFirst(4))
        run(client.receive(body.span.bytes, on: link, at: now))
    }

    /// Opens the link and welcomes the client; gives its connect request.
    @discardableResult
    mutating func welcome(session: Int64 = 7, timeoutMs: Int32 = 9_000) throws -> ConnectRequest {
        open()
        var at = 4
        let request = try ConnectRequest(sent.span.bytes, &at)
        sent.removeFirst(at)
        var response = ConnectResponse()
        response.sessionID = session
        response.timeoutMs = timeoutMs
        response.password = [UInt8](repeating: 5, count: 16)
        response.isReadOnly = false
        send(response.frame)
        return request
    }

    mutating func reply(_ xid: Int32, _ reply: ZooKeeperReply, zxid: Int64 = 1) {
        send(reply.frame(xid: xid, zxid: zxid))
    }

    // MARK: What the client did

    /// The requests that were sent since this was asked last.
    mutating func requests() throws -> [(xid: Int32, request: ZooKeeperRequest)] {
        defer { sent = [] }
        var requests: [(xid: Int32, request: ZooKeeperRequest)] = []
        var start = 0
        while start < sent.count {
            var at = start
            let length = Int(try readInt32(sent.span.bytes, &at))
            let frame = Array(sent[at..<at + length])
            start = at + length
            at = 0
            let header = try ZooKeeperRequestHeader(frame.span.bytes, &at)
            let request = try ZooKeeperRequest(frame.span.bytes, &at, type: header.type)
            requests.append((header.xid, try #require(request)))
        }
        return requests
    }

    mutating func takeHappenings() -> [String] {
        defer { happenings = [] }
        return happenings
    }

    private mutating func run(_ effects: [LinkEffect]) {
        for effect in effects {
            switch effect {
            case .connect(let link, let host, let port):
                self.link = link
                sent = []
                happenings.append("connect \(link.value) \(host):\(port)")
            case .send(let link, let bytes): if link == self.link { sent += bytes }
            case .close(let link): happenings.append("close \(link.value)")
            case .wake(let at): wake = min(wake ?? at, at)
            }
        }
    }
}
