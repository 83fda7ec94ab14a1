import Glibc
import Messages
import Records
import Wire

/// A `.snapshot` file: what the log knew of idempotent producers at that offset.
struct SnapshotDump {
    let dump: Dump
    let path: String

    func run() {
        guard let bytes = readBytes(path) else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        do throws(WireError) {
            var at = 0
            let version = try readInt16(bytes.span.bytes, &at)
            guard version == 1 else { return dump.problem(path, "has version \(version), not 1") }
            let snapshot = try ProducerSnapshot(bytes.span.bytes, &at, version: version)
            // The checksum covers what follows it.
            let crc = crc32c(bytes.span.bytes.extracting(6..<bytes.count))
            if crc != snapshot.crc { dump.problem(path, "the checksum is wrong") }
            dump.line("  \(count(snapshot.producerEntries.count, "producer"))")
            for entry in snapshot.producerEntries {
                var text = "  producer \(entry.producerId)/\(entry.epoch) last sequence \(entry.lastSequence)"
                text += " last offset \(entry.lastOffset) delta \(entry.offsetDelta) time \(entry.timestamp)"
                if entry.currentTxnFirstOffset >= 0 {
                    text += " transaction from \(entry.currentTxnFirstOffset)"
                }
                dump.line(text)
            }
        } catch {
            dump.problem(path, "is damaged: \(error)")
        }
    }
}
