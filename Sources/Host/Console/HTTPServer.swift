import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// HTTP for operators: `GET /metrics`, `GET /health`, and wishes by POST. One thread; not on any hot path.
///
/// Limits: 64 connections, a minute of idleness, no request bodies, headers as NIOHTTP1 bounds them. A POST needs the header
/// `x-needletail-admin`, which pages of other sites cannot have a browser send unasked.
package final class HTTPServer: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var contentType: String
        package var body: String

        package init(status: Int, contentType: String, body: String) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    package struct Request: Sendable {
        package let isPost: Bool
        package let path: String
        /// Behind the question mark, `to=3`.
        package let query: String
    }

    /// Answers a request, now or later; nil is 404.
    package typealias Respond = @Sendable (_ request: Request, _ answer: @escaping @Sendable (Answer?) -> Void) -> Void

    package let listener: Listener
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// - Throws: when the address cannot be listened on.
    package init(_ listener: Listener, respond: @escaping Respond) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = OpenCount()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard open.add(1) <= Self.connectionsMax else {
                    open.add(-1)
                    return channel.close()
                }
                channel.closeFuture.whenComplete { _ in open.add(-1) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(60)))
                    try pipeline.addHandler(HTTPResponder(respond: respond))
                }
            }
        do {
            channel = try bootstrap.bind(
                host: listener.host.isEmpty ? "0.0.0.0" : listener.host, port: Int(listener.port)
            ).wait()
        } catch {
            try? group.syncShutdownGracefully()
            throw SettingsProblem(
                place: "http.listener", message: "cannot listen on \(listener.address): \(error)")
        }
        var listener = listener
        listener.port = UInt16(channel.localAddress?.port ?? 0)
        self.listener = listener
    }

    package func stop() { try? group.syncShutdownGracefully() }

    private static var connectionsMax: Int { 64 }
}

extension HTTPServer.Answer {
    static func text(_ status: Int, _ line: String) -> HTTPServer.Answer {
        HTTPServer.Answer(status: status, contentType: "text/plain; charset=utf-8", body: line + "\n")
    }
}

/// How many connections are open.
private final class OpenCount: Sendable {
    private let value = Atomic<Int>(0)
    @discardableResult func add(_ count: Int) -> Int { value.add(count, ordering: .relaxed).newValue }
}

/// One connection's requests, one after the other. Confined to its event loop.
private final class HTTPResponder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let respond: HTTPServer.Respond
    private var request: HTTPRequestHead?
    private var bodyBytes = 0

    init(respond: @escaping HTTPServer.Respond) { self.respond = respond }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = head
            bodyBytes = 0
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            if bodyBytes > 64 << 10 { context.close(promise: nil) }
        case .end:
            guard let request else { return }
            self.request = nil
            answer(context, request)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ context: ChannelHandlerContext, _ request: HTTPRequestHead) {
        let isPost = request.method == .POST
        guard isPost || request.method == .GET || request.method == .HEAD else {
            return write(context, request, .text(405, "Only GET, HEAD and POST are served here."))
        }
        guard !isPost || request.headers.contains(name: "x-needletail-admin") else {
            return write(context, request, .text(403, "A POST needs the header x-needletail-admin."))
        }
        let parts = request.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0].prefix { $0 != "#" })
        let asked = HTTPServer.Request(isPost: isPost, path: path, query: parts.count > 1 ? String(parts[1]) : "")
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        respond(asked) { answer in
            loop.execute {
                let (handler, context) = bound.value
                guard context.channel.isActive else { return }
                handler.write(context, request, answer ?? .text(404, "Nothing is here. Try /metrics or /health."))
            }
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ answer: HTTPServer.Answer
    ) {
        let body = context.channel.allocator.buffer(string: answer.body)
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: answer.contentType)
        headers.add(name: "content-length", value: "\(body.readableBytes)")
        headers.add(name: "x-content-type-options", value: "nosniff")
        if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
        if answer.status == 405 { headers.add(name: "allow", value: "GET, HEAD, POST") }
        let head = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let promise = request.isKeepAlive ? nil : context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        promise?.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }
}
