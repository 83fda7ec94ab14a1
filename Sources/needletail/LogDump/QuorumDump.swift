import Glibc
import Records
import Vocabulary

/// The quorum's own files in `__cluster_metadata-0`: snapshots of topics, configurations and znodes, `123-4.checkpoint`
/// by their end and term, and `quorum-state`. Their checksums are checked, and what they begin with is printed.
struct QuorumDump {
    let dump: Dump
    let path: String

    /// Whether a file of that name is a snapshot of the quorum's.
    static func isSnapshot(_ name: String) -> Bool {
        guard name.hasSuffix(".checkpoint") else { return false }
        let parts = name.dropLast(".checkpoint".count).split(separator: "-")
        return parts.count == 2 && parts.allSatisfy { part in part.allSatisfy(\.isNumber) }
    }

    // MARK: - Snapshots

    private static let header: UInt8 = 1
    private static let names: [UInt8: String] = [2: "metadata", 3: "znodes and sessions"]
    private static let footer: UInt8 = 4

    /// Sections: a length and a CRC-32C of four bytes each, then a kind and the section. Read one by one: a snapshot of
    /// many znodes is larger than memory should be.
    func runSnapshot() {
        guard let file = fopen(path, "r") else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        defer { fclose(file) }
        var counts: [UInt8: (sections: Int, bytes: Int)] = [:]
        var sections: UInt64 = 0
        var isWhole = false
        while let head = read(file, 8) {
            if head.isEmpty { break }
            if isWhole { return dump.problem(path, "has bytes behind its end") }
            let length = Self.integer(head, at: 0)
            guard head.count == 8, length > 0, let body = read(file, length), body.count == length else {
                return dump.problem(path, "is cut off in section \(sections)")
            }
            guard body.withUnsafeBytes({ crc32c($0) }) == UInt32(Self.integer(head, at: 4)) else {
                return dump.problem(path, "section \(sections) fails its checksum")
            }
            switch body[0] {
            case Self.header where sections == 0: describeHeader(body)
            case Self.footer:
                isWhole = true
                if !ends(body, sections: sections) {
                    return dump.problem(path, "has not as many sections as it says")
                }
            case let kind where Self.names[kind] != nil && sections > 0:
                counts[kind, default: (0, 0)].sections += 1
                counts[kind]!.bytes += length - 1
            default: return dump.problem(path, "section \(sections) is of unknown kind \(body[0])")
            }
            sections += 1
        }
        for (kind, name) in Self.names.sorted(by: { $0.key < $1.key }) {
            guard let found = counts[kind] else { continue }
            dump.line("  \(name): \(count(found.sections, "section")), \(count(found.bytes, "byte"))")
        }
        if !isWhole { dump.problem(path, "lacks its end: it was never finished") }
    }

    /// - Returns: fewer bytes at the file's end; nil when it cannot be read.
    private func read(_ file: UnsafeMutablePointer<FILE>, _ wanted: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(wanted, 1 << 20))
        while bytes.count < wanted {
            let got = fread(&chunk, 1, min(chunk.count, wanted - bytes.count), file)
            if got == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += chunk[..<got]
        }
        return bytes
    }

    private static func integer(_ bytes: [UInt8], at position: Int) -> Int {
        bytes.dropFirst(position).prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    private func describeHeader(_ body: [UInt8]) {
        do throws(FieldError) {
            var input = FieldReader(slice: body[1...])
            let version = try input.integer(UInt16.self)
            guard version == 2 else { return dump.problem(path, "has version \(version), not 2") }
            let end = try input.integer(Int64.self)
            let term = try input.integer(Int32.self)
            let timestamp = try input.integer(Int64.self)
            dump.line("  all below offset \(end), last of term \(term), at time \(timestamp)")
            let offset = try input.integer(Int64.self)
            if offset >= 0 { dump.line("  voters since offset \(offset):") }
            let voters = try input.array(itemBytesMin: 23, Self.voter)
            if voters.isEmpty { dump.line("  no voters are known") }
            for voter in voters { dump.line("  voter \(voter)") }
            try input.end()
        } catch {
            dump.problem(path, "begins with what cannot be read: \(error)")
        }
    }

    /// `1@host:9093:directory-id`
    private static func voter(_ input: inout FieldReader) throws(FieldError) -> String {
        let id = try input.broker()
        let directory = try input.uuid()
        let host = try input.string()
        return "\(id)@\(host):\(try input.integer(UInt16.self)):\(directory)"
    }

    private func ends(_ body: [UInt8], sections: UInt64) -> Bool {
        body.count == 9 && body.dropFirst().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } == sections
    }

    // MARK: - The voter's memory

    /// `quorum-state`: lines, the last with the checksum of those before; and a page on the same again.
    func runState() {
        guard let text = readText(path) else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        let lines = text.utf8.prefix(Self.pageBytes).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        for line in lines { dump.line("  \(line)") }
        let covered = lines.dropLast().map { $0 + "\n" }.joined()
        let checksum = Array(covered.utf8).withUnsafeBytes { crc32c($0) }
        let copy = covered + "crc32c=\(checksum)\n"
        if lines.last.map({ $0 + "\n" }) != "crc32c=\(checksum)\n" { return dump.problem(path, "fails its checksum") }
        let gap = String(repeating: "\n", count: max(0, Self.pageBytes - copy.utf8.count))
        if text != copy + gap + copy { dump.problem(path, "has two copies, and they are not the same") }
    }

    private static var pageBytes: Int { 4096 }

    /// `recovery-point`: the same kind of lines, once.
    func runRecoveryPoint() {
        guard let text = readText(path) else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        let lines = text.split(separator: "\n")
        for line in lines { dump.line("  \(line)") }
        let covered = lines.dropLast().map { $0 + "\n" }.joined()
        let checksum = Array(covered.utf8).withUnsafeBytes { crc32c($0) }
        if text != covered + "crc32c=\(checksum)\n" { dump.problem(path, "fails its checksum") }
    }
}
