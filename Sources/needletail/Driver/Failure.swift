import ArgumentParser
import Glibc

/// How the client commands end: one line on standard error that says what to do, and a code that scripts can use.
///
/// 0 is success, 1 a failure, 64 wrong usage (by the argument parser), 69 a cluster that cannot be reached.
enum Failure {
    static func failed(_ message: String) -> ExitCode { say(message, code: 1) }
    static func unavailable(_ message: String) -> ExitCode { say(message, code: 69) }

    private static func say(_ message: String, code: Int32) -> ExitCode {
        complain("error: \(message)")
        return ExitCode(code)
    }
}

/// A line on standard error.
func complain(_ line: String) { writeAll(2, Array((line + "\n").utf8)) }

/// Writes everything, whatever it takes.
/// - Returns: false when the reader is gone or the disk is full.
@discardableResult
func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
    var at = 0
    while at < bytes.count {
        let count = bytes.withUnsafeBytes { write(fd, $0.baseAddress! + at, bytes.count - at) }
        if count > 0 {
            at += count
        } else if errno == EAGAIN {
            var poller = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            poll(&poller, 1, -1)
        } else if errno != EINTR {
            return false
        }
    }
    return true
}

/// Standard output, written in large pieces. A reader that went away (`| head`) ends the program quietly.
struct Output {
    private var bytes: [UInt8] = []
    private(set) var isClosed = false

    mutating func append(_ text: some StringProtocol) {
        bytes.append(contentsOf: text.utf8)
        if bytes.count >= 64 * 1024 { flush() }
    }

    mutating func append(_ more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
        if bytes.count >= 64 * 1024 { flush() }
    }

    mutating func append(_ raw: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: raw)
        if bytes.count >= 64 * 1024 { flush() }
    }

    mutating func flush() {
        if !bytes.isEmpty, !isClosed { isClosed = !writeAll(1, bytes) }
        bytes.removeAll(keepingCapacity: true)
    }
}
