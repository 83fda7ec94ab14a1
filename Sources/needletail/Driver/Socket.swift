import CLinux
import Client
import Glibc

/// One TCP connection of a driver: non-blocking, with what is yet to be sent and what has arrived.
final class Socket {
    enum Progress { case done, blocked, failed(String) }

    let fd: Int32
    let inbox = ReceiveBuffer()
    private(set) var isOpen = false
    var isWatchingWrites = true
    /// The last read filled all the space there was: more may wait. If not, epoll tells when there is more.
    private(set) var mayHaveMore = false
    private var outbox: [[UInt8]] = []
    private var first = 0  // The frame being sent; those before it are gone.
    private var sent = 0  // How much of it is gone too.

    /// Starts connecting. The host is resolved here, which may block.
    /// - Throws: `SystemError` when there is no such host or no way to it.
    init(host: String, port: Int32) throws(SystemError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let list else { throw SystemError(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let address = next?.pointee {
            next = address.ai_next
            let fd = socket(
                address.ai_family,
                Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard fd >= 0 else {
                reason = describe(errno)
                continue
            }
            if connect(fd, address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS {
                self.fd = fd
                _ = nt_tune_connection(fd, 60, 0, 0)
                return
            }
            reason = describe(errno)
            close(fd)
        }
        throw SystemError(reason)
    }

    deinit { close(fd) }

    var hasOutput: Bool { first < outbox.count }

    /// Small frames that wait together go out together: one system call for many.
    func enqueue(_ frame: [UInt8]) {
        let last = outbox.count - 1
        let isUntouched = last > first || (last == first && sent == 0)
        if isUntouched, outbox[last].count + frame.count <= Self.joinedBytesMax {
            outbox[last] += frame
        } else {
            outbox.append(frame)
        }
    }

    private static let joinedBytesMax = 16 * 1024

    /// The connection attempt ended: nil when it succeeded, else why not.
    func finishConnecting() -> String? {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size)
        isOpen = error == 0
        return error == 0 ? nil : describe(error)
    }

    func sendAll() -> Progress {
        while first < outbox.count {
            let more = first + 1 < outbox.count
            let count = outbox[first].withUnsafeBytes { bytes in
                var piece = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress! + sent),
                    iov_len: bytes.count - sent)
                return nt_send(fd, &piece, 1, more ? 1 : 0)
            }
            if count < 0 {
                if errno == EAGAIN { return .blocked }
                if errno == EINTR { continue }
                return .failed(describe(errno))
            }
            sent += count
            if sent == outbox[first].count {
                outbox[first] = []
                first += 1
                sent = 0
            }
        }
        outbox.removeAll(keepingCapacity: true)
        first = 0
        return .done
    }

    /// Reads once. `.done` when something came, so that frames can be taken out before the next read.
    func receiveOnce() -> Progress {
        while true {
            var count = 0
            inbox.fill { space in
                count = nt_receive(fd, space.baseAddress, space.count)
                mayHaveMore = count == space.count
                return count
            }
            if count > 0 { return .done }
            if count == 0 { return .failed("the broker closed the connection") }
            if errno == EAGAIN { return .blocked }
            if errno != EINTR { return .failed(describe(errno)) }
        }
    }
}

/// What the system said, in lower case, for the middle of a sentence.
struct SystemError: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}

func describe(_ errno: Int32) -> String {
    guard let text = strerror(errno) else { return "error \(errno)" }
    let words = String(cString: text)
    return words.prefix(1).lowercased() + words.dropFirst()
}
