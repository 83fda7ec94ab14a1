import ArgumentParser
import Glibc

/// `needletail log`: what lies in a log directory. Only reads.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look into the files of a log directory.", subcommands: [LogDump.self])
}

struct LogDump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Print and check segments, indexes, snapshots and checkpoints.",
        discussion: """
            PATH is a file, a partition's directory (orders-0), or a whole log directory. Nothing is changed, and a \
            broker may run meanwhile; then the last batch may be seen half written, and the checkpoints may be behind. \
            Checks: lengths and checksums, rising offsets, index entries that point to the batch they name, times that \
            the time index promises. The exit code is 1 when anything is wrong.

            Examples:
              needletail log dump data/orders-0
              needletail log dump --records data/orders-0/00000000000000000000.log
              needletail log dump --quiet data
            """)

    @Argument(help: "A file, a partition's directory or a log directory.") var path: String
    @Flag(name: .shortAndLong, help: "Print each record of the batches.") var records = false
    @Flag(name: .shortAndLong, help: "Print each entry of indexes.") var entries = false
    @Flag(name: .shortAndLong, help: "Only check: print problems and a summary.") var quiet = false

    func run() throws {
        let dump = Dump(path: path, printsRecords: records, printsEntries: entries, isQuiet: quiet)
        guard dump.run() else { throw Failure.failed("cannot read \(path): \(describe(errno))") }
        if dump.problems > 0 { throw ExitCode.failure }
        if dump.files == 0 { throw Failure.failed("there is no segment, index, snapshot or checkpoint at \(path)") }
    }
}
