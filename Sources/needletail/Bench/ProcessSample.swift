import Glibc

/// CPU time and memory of a process on this machine, from `/proc`.
struct ProcessSample {
    let cpuSeconds: Double
    let residentBytes: Int
    let residentBytesMax: Int

    /// nil when there is no such process.
    init?(pid: Int32) {
        guard let stat = readText("/proc/\(pid)/stat"), let close = stat.lastIndex(of: ")") else {
            return nil
        }
        // After the name, which may hold anything: field 3 on. utime and stime are fields 14 and 15.
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return nil
        }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let status = readText("/proc/\(pid)/status") ?? ""
        residentBytes = Self.kilobytes("VmRSS:", status) * 1024
        residentBytesMax = Self.kilobytes("VmHWM:", status) * 1024
    }

    private init(cpuSeconds: Double, residentBytes: Int, residentBytesMax: Int) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.residentBytesMax = residentBytesMax
    }

    /// All of them together; nil for none.
    /// - Throws: `ExitCode` after its line was printed when one does not exist.
    static func sum(of pids: [Int32]) throws -> ProcessSample? {
        if pids.isEmpty { return nil }
        var sum = ProcessSample(cpuSeconds: 0, residentBytes: 0, residentBytesMax: 0)
        for pid in pids {
            guard let one = ProcessSample(pid: pid) else {
                throw Failure.failed("there is no process \(pid)")
            }
            sum = ProcessSample(
                cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
                residentBytes: sum.residentBytes + one.residentBytes,
                residentBytesMax: sum.residentBytesMax + one.residentBytesMax)
        }
        return sum
    }

    private static func kilobytes(_ name: String, _ status: String) -> Int {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return 0 }
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
            ?? 0
    }
}

/// A small file as text.
func readText(_ path: String) -> String? { readBytes(path).map { String(decoding: $0, as: UTF8.self) } }

/// A file's bytes; nil when it cannot be read.
func readBytes(_ path: String) -> [UInt8]? {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
        let count = read(fd, &chunk, chunk.count)
        if count < 0 { return nil }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}
