import CLinux
import Glibc
package import Logging
import Vocabulary

/// Log lines on their way to standard error, written by a thread of their own: a loop never waits for a
/// terminal or a pipe that nobody reads. Bounded: when a megabyte waits, lines are dropped and counted.
package final class LogSink: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var dropped = 0
        var isWriting = false
        var hasThread = false
    }

    private let descriptor: Int32
    private let state = Monitor(State())
    private static var waitingMax: Int { 1 << 20 }

    package init(descriptor: Int32 = STDERR_FILENO) { self.descriptor = descriptor }

    package func write(_ line: String) {
        let startsThread = state.withLock { state in
            if state.waiting.count + line.utf8.count > Self.waitingMax {
                state.dropped += 1
            } else {
                state.waiting.append(contentsOf: line.utf8)
            }
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if startsThread { _ = HostThread("log") { [self] in run() } }
        state.wakeAll()
    }

    /// Waits until everything is written; called at the end of the process.
    package func flush() {
        state.wait { state in state.waiting.isEmpty && !state.isWriting ? () : nil }
    }

    private func run() -> Never {
        while true {
            let bytes = state.wait { state -> [UInt8]? in
                if state.waiting.isEmpty { return nil }
                var bytes: [UInt8] = []
                swap(&bytes, &state.waiting)
                if state.dropped > 0 {
                    bytes += Array(
                        "... \(state.dropped) lines dropped: standard error is not read fast enough\n".utf8)
                    state.dropped = 0
                }
                state.isWriting = true
                return bytes
            }
            writeAll(bytes)
            state.withLock { $0.isWriting = false }
            state.wakeAll()
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&poller, 1, 1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// swift-log's handler: one line an event, `2026-11-22T10:00:00.123Z INFO  Listening. listener=PLAINTEXT
/// port=9092`.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let sink: LogSink

    package init(_ sink: LogSink, level: Logger.Level) {
        self.sink = sink
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = Self.time(SystemClock.timestamp())
        line += " \(Self.padded(event.level)) "
        Self.append(event.message.description, to: &line)
        var all = metadata
        if let own = event.metadata { all.merge(own) { $1 } }
        for key in all.keys.sorted() {
            line += " \(key)="
            Self.append(value: "\(all[key]!)", to: &line)
        }
        line += "\n"
        sink.write(line)
    }

    private static func padded(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO "
        case .notice: "NOTE "
        case .warning: "WARN "
        case .error: "ERROR"
        case .critical: "CRIT "
        }
    }

    static func time(_ timestamp: Timestamp) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            nt_format_time(timestamp.milliseconds, text.baseAddress)
            return String(cString: text.baseAddress!)
        }
    }

    /// One line stays one line, whatever a peer called itself.
    private static func append(_ text: String, to line: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case _ where scalar.value < 32 || scalar.value == 127:
                line += "\\x" + String(scalar.value, radix: 16)
            default: line.unicodeScalars.append(scalar)
            }
        }
    }

    private static func append(value: String, to line: inout String) {
        if !value.isEmpty,
            !value.unicodeScalars.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" || $0.value < 32 })
        {
            return append(value, to: &line)
        }
        var quoted = ""
        for character in value {
            quoted += character == "\"" || character == "\\" ? "\\\(character)" : String(character)
        }
        line += "\""
        append(quoted, to: &line)
        line += "\""
    }
}
