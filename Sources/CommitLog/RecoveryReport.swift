package import Vocabulary

/// What the checkpoint files know about a log when it is opened.
package struct RecoveryStart: Equatable, Sendable {
    /// All below was synced, with its index entries. Nil: unknown, everything is scanned.
    package var recoveryPoint: Offset?
    package var logStartOffset: Offset?
    /// The directory was shut down cleanly: `recoveryPoint` is the log's end.
    package var clean: Bool

    package init(recoveryPoint: Offset? = nil, logStartOffset: Offset? = nil, clean: Bool = false) {
        self.recoveryPoint = recoveryPoint
        self.logStartOffset = logStartOffset
        self.clean = clean
    }
}

/// What opening a log found and did.
package struct RecoveryReport: Equatable, Sendable {
    /// No batch was looked at but the last ones.
    package var wasClean = false
    package var batchesScanned = 0
    package var bytesScanned: Int64 = 0
    /// Bytes at the end that never became whole batches.
    package var truncatedBytes: Int64 = 0
    /// Whole batches behind pages that never reached the disk: never promised to anyone, cut with them.
    package var droppedBatches = 0
    package var rebuiltIndexes = 0
    package var ignoredSnapshots = 0
    package var removedFiles: [String] = []
    /// Sentences for the operator's log.
    package var warnings: [String] = []

    package init() {}
}
