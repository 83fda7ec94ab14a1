import Vocabulary

/// Which leader epoch began at which offset: how a replica finds out where two histories part (KIP-101, KIP-279).
struct LeaderEpochs: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        let epoch: LeaderEpoch
        var startOffset: Offset
    }
    /// Epochs and offsets both rise.
    private(set) var entries: [Entry] = []

    var latest: LeaderEpoch? { entries.last?.epoch }

    /// Notes that `epoch` begins at `startOffset`; entries that contradict it go.
    /// - Returns: whether anything changed.
    mutating func assign(_ epoch: LeaderEpoch, startOffset: Offset) -> Bool {
        guard epoch.value >= 0 else { return false }
        if let last = entries.last, last.epoch == epoch, last.startOffset <= startOffset { return false }
        while let last = entries.last, last.epoch >= epoch || last.startOffset >= startOffset {
            entries.removeLast()
        }
        entries.append(Entry(epoch: epoch, startOffset: startOffset))
        return true
    }

    /// The epoch in which the record at `offset` was written.
    func epoch(for offset: Offset) -> LeaderEpoch? {
        entries.last { $0.startOffset <= offset }?.epoch
    }

    /// Where `epoch` ended: the start of the next one, or the log's end for the latest. For an epoch that left no
    /// records, the largest one below it, with its end.
    /// - Returns: nil when it is newer than all we know, or we know none.
    func endOffset(of epoch: LeaderEpoch, logEnd: Offset) -> (epoch: LeaderEpoch, offset: Offset)? {
        guard epoch.value >= 0, let latest, epoch <= latest else { return nil }
        if epoch == latest { return (epoch, logEnd) }
        let next = entries.firstIndex { $0.epoch > epoch }!
        return (next == 0 ? epoch : entries[next - 1].epoch, entries[next].startOffset)
    }

    /// The log ends at `offset` now.
    mutating func truncate(to offset: Offset) -> Bool {
        let before = entries.count
        while let last = entries.last, last.startOffset >= offset { entries.removeLast() }
        return entries.count != before
    }

    /// The log begins at `offset` now: the epoch that holds there starts there.
    mutating func begin(at offset: Offset) -> Bool {
        guard let holding = entries.lastIndex(where: { $0.startOffset <= offset }) else { return false }
        guard holding > 0 || entries[holding].startOffset != offset else { return false }
        entries.removeFirst(holding)
        entries[0].startOffset = offset
        return true
    }

    /// Kafka's `leader-epoch-checkpoint`.
    func encode() -> [UInt8] {
        CheckpointText.encode(entries.map { "\($0.epoch) \($0.startOffset)" })
    }

    /// - Returns: nil when damaged.
    static func decode(_ bytes: [UInt8]) -> LeaderEpochs? {
        guard let rows = CheckpointText.decode(bytes, fields: 2) else { return nil }
        var epochs = LeaderEpochs()
        for row in rows {
            guard let epoch = Int32(row[0]), let offset = Int64(row[1]), epoch >= 0, offset >= 0 else {
                return nil
            }
            guard
                epochs.entries.last.map({ $0.epoch.value < epoch && $0.startOffset.value <= offset }) ?? true
            else {
                return nil
            }
            epochs.entries.append(Entry(epoch: LeaderEpoch(epoch), startOffset: Offset(offset)))
        }
        return epochs
    }
}
