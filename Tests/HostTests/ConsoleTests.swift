import Glibc
import Host
import Logging
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConsoleTests {
    private func server() throws -> HTTPServer {
        try HTTPServer(Listener(name: "HTTP", host: "127.0.0.1", port: 0)) { request, answer in
            let body = request.isPost ? "\(request.query)\n" : "{}\n"
            answer(
                request.path == "/health" ? .init(status: 503, contentType: "application/json", body: body) : nil)
        }
    }

    private func ask(_ server: HTTPServer, _ request: String) throws -> String {
        let client = try TestClient(port: server.listener.port)
        try client.send(Array(request.utf8))
        return String(decoding: try client.receive(100_000), as: UTF8.self)
    }

    @Test func `paths are answered`() throws {
        let server = try server()
        defer { server.stop() }
        let health = try ask(server, "GET /health?x=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        #expect(health.hasPrefix("HTTP/1.1 503 "))
        #expect(health.hasSuffix("\r\n\r\n{}\n"))
        #expect(
            try ask(server, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").hasPrefix(
                "HTTP/1.1 404 "))
        #expect(
            try ask(
                server, "PUT /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            .hasPrefix("HTTP/1.1 405 "))
        let head = try ask(server, "HEAD /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        #expect(head.hasSuffix("\r\n\r\n"))
    }

    @Test func `a wish needs the header that no other site can send`() throws {
        let server = try server()
        defer { server.stop() }
        let head = "POST /health?to=3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n"
        #expect(try ask(server, head + "\r\n").hasPrefix("HTTP/1.1 403 "))
        let answer = try ask(server, head + "x-needletail-admin: yes\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.hasSuffix("\r\n\r\nto=3\n"))
    }

    @Test func `nonsense and large bodies are refused`() throws {
        let server = try server()
        defer { server.stop() }
        #expect(try ask(server, "nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        let body = String(repeating: "x", count: 200_000)
        let answer = try? ask(server, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n\(body)")
        #expect(answer ?? "" == "")
    }

    @Test func `a log line is one line, whatever is in it`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let sink = LogSink(descriptor: ends[1])
        var logger = Logger(label: "t") { _ in LineLogHandler(sink, level: .info) }
        logger[metadataKey: "always"] = "1"
        logger.debug("Not this.")
        logger.warning("Two\nlines.", metadata: ["peer": "a \"b\"\r\n", "empty": "", "plain": "x/y:1"])
        sink.flush()
        var bytes = [UInt8](repeating: 0, count: 1000)
        let count = read(ends[0], &bytes, 1000)
        let line = String(decoding: bytes[..<count], as: UTF8.self)
        #expect(
            line.dropFirst(24)
                == " WARN  Two\\nlines. always=1 empty=\"\" peer=\"a \\\"b\\\"\\r\\n\" plain=x/y:1\n")
        #expect(line.prefix(24).wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }
}
