import Glibc

/// One run of `log dump`: goes through the files below a path and keeps count.
final class Dump {
    let printsRecords: Bool
    let printsEntries: Bool
    let isQuiet: Bool
    private(set) var problems = 0
    private let path: String
    private var out = Output()
    private(set) var files = 0
    private var batches = 0
    private var records = 0

    init(path: String, printsRecords: Bool, printsEntries: Bool, isQuiet: Bool) {
        self.path = path
        self.printsRecords = printsRecords
        self.printsEntries = printsEntries
        self.isQuiet = isQuiet
    }

    /// - Returns: false, with errno, when the path cannot be read.
    func run() -> Bool {
        var info = stat()
        guard stat(path, &info) == 0 else { return false }
        if info.st_mode & S_IFMT == S_IFDIR {
            guard visit(path) else { return false }
        } else {
            file(path)
        }
        out.append(
            "\(count(files, "file")), \(batches) batches, \(count(records, "record")), \(count(problems, "problem"))\n"
        )
        out.flush()
        return true
    }

    func line(_ text: String) { if !isQuiet { out.append(text + "\n") } }

    func problem(_ path: String, _ text: String) {
        problems += 1
        out.append("PROBLEM \(path): \(text)\n")
    }

    func counted(batches: Int, records: Int) {
        self.batches += batches
        self.records += records
    }

    private func visit(_ directory: String) -> Bool {
        guard let names = list(directory) else { return false }
        for name in names {
            var info = stat()
            let path = directory + "/" + name
            guard stat(path, &info) == 0 else { continue }  // Gone meanwhile.
            if info.st_mode & S_IFMT == S_IFDIR { _ = visit(path) } else { file(path) }
        }
        return true
    }

    private func list(_ directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func file(_ path: String) {
        guard let name = path.split(separator: "/").last.map(String.init) else { return }
        let suffix = name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
        switch suffix {
        case ".log" where segmentBase(path) != nil:
            line("\(path)")
            SegmentDump(dump: self, path: path, base: segmentBase(path)!).run()
        case ".index", ".timeindex", ".txnindex":
            line("\(path)")
            IndexDump(dump: self, path: path).run(suffix)
        case ".snapshot" where segmentBase(path) != nil:
            line("\(path)")
            SnapshotDump(dump: self, path: path).run()
        case ".checkpoint" where QuorumDump.isSnapshot(name):
            line("\(path)")
            QuorumDump(dump: self, path: path).runSnapshot()
        case _ where name == "quorum-state":
            line("\(path)")
            QuorumDump(dump: self, path: path).runState()
        case _ where name == "recovery-point":
            line("\(path)")
            QuorumDump(dump: self, path: path).runRecoveryPoint()
        case _
        where name.hasSuffix("checkpoint") || name == "partition.metadata" || name == "meta.properties":
            line("\(path)")
            text(path, isCheckpoint: name.hasSuffix("checkpoint"))
        default: return
        }
        files += 1
    }

    /// Kafka's checkpoint files: version, number of lines, lines.
    private func text(_ path: String, isCheckpoint: Bool) {
        guard let text = readText(path) else { return problem(path, "cannot be read: \(describe(errno))") }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
            text.hasSuffix("\n") ? 1 : 0)
        for content in lines { line("  \(content)") }
        guard isCheckpoint else { return }
        guard lines.count >= 2, lines.first == "0", let announced = Int(lines[lines.startIndex + 1]) else {
            return problem(path, "is not a checkpoint of version 0")
        }
        if announced != lines.count - 2 {
            problem(path, "announces \(announced) entries and has \(lines.count - 2)")
        }
    }
}

/// The offset in a segment file's name: `00000000000000000042.log`.
func segmentBase(_ path: String) -> Int64? {
    guard let name = path.split(separator: "/").last else { return nil }
    let digits = name.prefix { $0.isNumber }
    return digits.count == 20 ? Int64(digits) : nil
}
