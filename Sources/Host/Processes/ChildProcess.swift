import CLinux
import Glibc

/// A program that runs for us, and the lines it says.
final class ChildProcess {
    /// How a process ended.
    enum End: Equatable {
        case exit(code: Int32)
        case signal(Int32)
    }

    let pid: Int32
    /// Readable once it has ended.
    let endDescriptor: Int32
    private(set) var output: LinePipe
    private(set) var errors: LinePipe

    /// - Returns: nil with errno when there are no more processes or descriptors to be had.
    init?(path: String, arguments: [String]) {
        guard let output = LinePipe.Ends(), let errors = LinePipe.Ends() else { return nil }
        var words = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        pid = words.withUnsafeBufferPointer { words in
            words.withMemoryRebound(to: UnsafePointer<CChar>?.self) {
                nt_spawn(path, $0.baseAddress, output.writing, errors.writing)
            }
        }
        let failure = errno
        close(output.writing)
        close(errors.writing)
        self.output = LinePipe(output.reading)
        self.errors = LinePipe(errors.reading)
        endDescriptor = pid < 0 ? -1 : nt_process_descriptor(pid)
        if pid < 0 || endDescriptor < 0 {
            if pid > 0 { kill(pid, SIGKILL) }
            errno = failure
            return nil
        }
    }

    deinit {
        if endDescriptor >= 0 { close(endDescriptor) }
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// - Returns: nil while it runs.
    func takeEnd() -> End? {
        var end: Int32 = 0
        guard nt_reap(pid, &end) == 1 else { return nil }
        return end < 0 ? .signal(-end) : .exit(code: end)
    }
}

/// The reading end of a pipe, cut into lines.
final class LinePipe {
    struct Ends {
        let reading: Int32
        let writing: Int32

        init?() {
            var ends: (reading: Int32, writing: Int32) = (-1, -1)
            guard nt_pipe(&ends.reading, &ends.writing) == 0 else { return nil }
            reading = ends.reading
            writing = ends.writing
        }
    }

    let descriptor: Int32
    /// The other end is closed, and all is read.
    private(set) var isAtEnd = false
    private var rest: [UInt8] = []
    /// A line that grows longer than that is given in pieces.
    private static let lineBytesMax = 64 << 10

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The whole lines that there are, without their ends; with the last one the piece that has none.
    func takeLines() -> [String] {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while !isAtEnd {
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                rest += chunk[..<count]
            } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
                isAtEnd = true
            } else if errno == EAGAIN {
                break
            }
        }
        var lines = rest.split(separator: 10, omittingEmptySubsequences: false)
        let last = lines.removeLast()
        var found = lines.map { String(decoding: $0, as: UTF8.self) }
        let isPiece = last.count > Self.lineBytesMax || (isAtEnd && !last.isEmpty)
        if isPiece { found.append(String(decoding: last, as: UTF8.self)) }
        rest = isPiece ? [] : Array(last)
        return found
    }
}
