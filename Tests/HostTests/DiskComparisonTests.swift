import Host
import Ports
import SimulatedDisk
import Testing
import Vocabulary

/// The real disk against the simulated one: the same random operations, the same results. What the simulator
/// proves holds on real files only as far as these agree.
struct DiskComparisonTests {
    @Test(arguments: 1...12) func `both disks do the same`(seed: UInt64) throws {
        let directory = TemporaryDirectory()
        var pair = DiskPair(real: try PosixDisk(directory.path, descriptorsMax: 8), seed: seed)
        for step in 0..<600 {
            let (name, real, simulated) = pair.step()
            try #require(real == simulated, "seed \(seed), step \(step), \(name)")
        }
    }
}

/// Two disks, and the ids that each gave for the same `open`.
private struct DiskPair {
    let real: PosixDisk
    let simulated = SimulatedDisk()
    var files: [(real: FileID, simulated: FileID)] = []
    var chance: SeededGenerator

    init(real: PosixDisk, seed: UInt64) {
        self.real = real
        chance = SeededGenerator(seed: seed)
    }

    mutating func step() -> (name: String, real: String, simulated: String) {
        let path = anyFile()
        let directory = anyDirectory()
        switch Int.random(in: 0..<100, using: &chance) {
        case 0..<15:
            let mode = [OpenMode.existing, .create, .createNew].randomElement(using: &chance)!
            let (a, b) = (Result { try real.open(path, mode) }, Result { try simulated.open(path, mode) })
            if let a = try? a.get(), let b = try? b.get() { files.append((a, b)) }
            return ("open \(path) \(mode)", outcome(a.map { _ in () }), outcome(b.map { _ in () }))
        case 15..<20:
            if files.isEmpty { return ("", "", "") }
            let file = files.remove(at: Int.random(in: files.indices, using: &chance))
            real.close(file.real)
            simulated.close(file.simulated)
            return ("close", "", "")
        case 20..<25: return both("mkdir \(directory)") { try $0.createDirectory(directory) }
        case 25..<28: return both("rmdir \(directory)") { try $0.removeDirectory(directory) }
        case 28..<33: return both("remove \(path)") { try $0.remove(path) }
        case 33..<36:
            let to = anyFile()
            return both("rename \(path) \(to)") { try $0.rename(path, to: to) }
        case 36..<38:
            let to = anyDirectory()
            // Over a directory that is there, or into itself, nobody renames.
            if to.hasPrefix(directory) || simulated.exists(to) { return ("", "", "") }
            return both("rename \(directory) \(to)") { try $0.rename(directory, to: to) }
        case 38..<44: return both("list \(directory)") { try $0.list(directory) }
        case 44..<46: return both("exists \(path)") { $0.exists(path) }
        case 46..<48: return both("sync directory") { try $0.sync(.directory("")) }
        default: return fileStep()
        }
    }

    private mutating func fileStep() -> (name: String, real: String, simulated: String) {
        guard let file = files.randomElement(using: &chance) else { return ("", "", "") }
        let position = Int64.random(in: 0..<5000, using: &chance)
        let count = Int.random(in: 0..<3000, using: &chance)
        switch Int.random(in: 0..<6, using: &chance) {
        case 0: return both("size", file) { try $0.size($1) }
        case 1, 2:
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &chance) }
            let cut = Int.random(in: 0...count, using: &chance)
            return both("write \(position)+\(count)", file) { disk, id in
                try bytes.withUnsafeBytes {
                    try disk.write(
                        [
                            UnsafeRawBufferPointer(rebasing: $0[..<cut]),
                            UnsafeRawBufferPointer(rebasing: $0[cut...]),
                        ], to: id,
                        at: position)
                }
            }
        case 3: return both("truncate \(position)", file) { try $0.truncate($1, to: position) }
        case 4: return both("sync", file) { try $0.sync(.file($1)) }
        default:
            return both("read \(position)+\(count)", file) { disk, id in
                var bytes = [UInt8](repeating: 0, count: count)
                let got = try bytes.withUnsafeMutableBytes { try disk.read(id, at: position, into: $0) }
                return Array(bytes[..<got])
            }
        }
    }

    private mutating func anyDirectory() -> String {
        ["a-0", "b-0", "c-0.delete", "a-0/x"].randomElement(using: &chance)!
    }

    private mutating func anyFile() -> String {
        let directory = Bool.random(using: &chance) ? "" : anyDirectory() + "/"
        return directory + ["1.log", "1.index"].randomElement(using: &chance)!
    }

    private func both<R>(_ name: String, _ body: (any Disk) throws -> R) -> (String, String, String) {
        (name, outcome(Result { try body(real) }), outcome(Result { try body(simulated) }))
    }

    private func both<R>(
        _ name: String, _ file: (real: FileID, simulated: FileID), _ body: (any Disk, FileID) throws -> R
    ) -> (String, String, String) {
        (
            name, outcome(Result { try body(real, file.real) }),
            outcome(Result { try body(simulated, file.simulated) })
        )
    }

    /// A value, or the kind of failure; system errors of any number are alike.
    private func outcome<R>(_ result: Result<R, any Error>) -> String {
        switch result {
        case .success(let value): return "\(value)"
        case .failure(let error as DiskError):
            if case .io = error.reason { return "error" }
            return "\(error.reason)"
        case .failure(let error): return "\(error)"
        }
    }
}
