package import Vocabulary

extension Log {
    /// The newest epoch that the log knows of.
    package var latestEpoch: LeaderEpoch? { epochs.latest }

    /// A new leader's epoch begins at `startOffset`. In memory; the next sync carries it to the disk.
    package func assign(epoch: LeaderEpoch, startOffset: Offset) {
        noteEpoch(epoch, startOffset: startOffset)
    }

    func noteEpoch(_ epoch: LeaderEpoch, startOffset: Offset) {
        if epochs.assign(epoch, startOffset: startOffset) { dirt.epochs.changed(from: startOffset) }
    }

    /// Whoever has read all batches from the log's start on knows their epochs better than a checkpoint without a checksum. In memory; the
    /// next sync carries them to the disk where they are others.
    ///
    /// - Parameter known: in order, each where it begins.
    package func correct(epochs known: [(epoch: LeaderEpoch, startOffset: Offset)]) {
        var right = LeaderEpochs()
        for (epoch, start) in known { _ = right.assign(epoch, startOffset: start) }
        if right == epochs { return }
        epochs = right
        dirt.epochs.changed(from: startOffset)
    }

    /// In which epoch the record at `offset` was written.
    package func leaderEpoch(for offset: Offset) -> LeaderEpoch? { epochs.epoch(for: offset) }

    /// Where `epoch` ended here (KIP-101, KIP-279): answered with the largest epoch at or below it that left records.
    /// Nil when it is newer than all we know.
    package func endOffset(of epoch: LeaderEpoch) -> (epoch: LeaderEpoch, offset: Offset)? {
        epochs.endOffset(of: epoch, logEnd: endOffset)
    }
}

extension Log {
    /// Which epochs its records have, in runs from the log's start to its end: each epoch with the offset behind its last record.
    package var epochRuns: [(epoch: LeaderEpoch, end: Offset)] {
        let entries = epochs.entries.filter { $0.startOffset < endOffset }
        return entries.indices.map { index in
            (entries[index].epoch, index + 1 < entries.count ? entries[index + 1].startOffset : endOffset)
        }.filter { $0.end > startOffset }
    }
}
