import Ports
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

    /// Reads the epochs of all batches again where the log begins before the first that is known: its start had moved up, with the epochs,
    /// and only they were on the disk when a crash came.
    package func completeEpochs() throws(LogError) {
        guard startOffset < endOffset, epochs.entries.first.map({ $0.startOffset > startOffset }) ?? true else { return }
        epochs = LeaderEpochs()
        do throws(DiskError) {
            try rebuildEpochs()
        } catch {
            throw .disk(error)
        }
        dirt.epochs.changed(from: endOffset)
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
