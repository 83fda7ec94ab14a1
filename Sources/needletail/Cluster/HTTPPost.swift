import ArgumentParser
import CLinux
import Glibc

/// One POST without a body to a broker's HTTP listener, and its answer. Blocks.
enum HTTPPost {
    /// - Returns: the status and the body's text without its last line end.
    /// - Throws: `ExitCode` after its line was printed.
    static func send(to place: HostAndPort, _ path: String, timeoutMs: Int64) throws -> (status: Int, body: String) {
        let address = "\(place.host):\(place.port)"
        let request =
            "POST \(path) HTTP/1.1\r\nhost: \(address)\r\n\(header): yes\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        do throws(SystemError) {
            let bytes = try exchange(place, Array(request.utf8), timeoutMs: timeoutMs)
            guard let answer = parse(bytes) else { throw SystemError("it speaks no HTTP") }
            return answer
        } catch {
            throw Failure.unavailable("\(address): \(error); is a broker's HTTP listener there? --http says where")
        }
    }

    /// Pages in a browser cannot send it to another site unasked.
    static let header = "x-needletail-admin"

    private static func exchange(
        _ place: HostAndPort, _ request: [UInt8], timeoutMs: Int64
    ) throws(SystemError) -> [UInt8] {
        let socket = try Socket(host: place.host, port: Int32(place.port))
        try wait(socket.fd, POLLOUT, timeoutMs)
        if let reason = socket.finishConnecting() { throw SystemError(reason) }
        guard writeAll(socket.fd, request) else { throw SystemError(describe(errno)) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while answer.count < 1 << 20 {
            try wait(socket.fd, POLLIN, timeoutMs)
            let count = nt_receive(socket.fd, &chunk, chunk.count)
            if count == 0 { break }
            if count > 0 {
                answer += chunk[..<count]
            } else if errno != EAGAIN, errno != EINTR {
                throw SystemError(describe(errno))
            }
        }
        return answer
    }

    private static func wait(_ fd: Int32, _ events: Int32, _ timeoutMs: Int64) throws(SystemError) {
        var poller = pollfd(fd: fd, events: Int16(events), revents: 0)
        if poll(&poller, 1, Int32(clamping: timeoutMs)) == 0 { throw SystemError("no answer within \(timeoutMs) ms") }
    }

    private static func parse(_ bytes: [UInt8]) -> (status: Int, body: String)? {
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let end = lines.firstIndex(of: "") else { return nil }
        var body = lines[(end + 1)...].joined(separator: "\r\n")
        while body.last == "\n" { body.removeLast() }
        return (status, body)
    }
}
