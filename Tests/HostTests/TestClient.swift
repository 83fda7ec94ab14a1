import CLinux
import Glibc

/// A blocking socket for tests. Reads give up after ten seconds, so that a failing test ends.
final class TestClient: Sendable {
    let descriptor: Int32

    struct Failure: Error { let code: Int32 }

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = nt_connect("127.0.0.1", port)
        if descriptor < 0 { throw Failure(code: errno) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 { throw Failure(code: errno) }
            sent += count
        }
    }

    /// Reads exactly `count` bytes, or as many as come before the end.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let n = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + got, count - got, 0) }
            if n < 0 { throw Failure(code: errno) }
            if n == 0 { break }
            got += n
        }
        return Array(bytes[..<got])
    }

    /// Whether the peer closes, orderly or not, with nothing more to read.
    func isClosedByPeer() -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    static func frame(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(1 + body.count)
        return withUnsafeBytes(of: length.bigEndian, Array.init) + [kind.asciiValue!] + body
    }

    static func frame(_ kind: Character, _ numbers: Int...) -> [UInt8] {
        frame(kind, numbers.flatMap { withUnsafeBytes(of: Int64($0).bigEndian, Array.init) })
    }
}
