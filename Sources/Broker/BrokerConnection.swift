package import Vocabulary

/// One client's connection as the broker sees it: what it asked, in order, and what it still has to be sent.
///
/// Confined to its loop. The socket is the host's; `hostIndex` is the host's own mark on it. Answers leave in the order of the
/// requests, whatever order they become ready in: an answer ready early waits in `early`.
package final class BrokerConnection {
    package let id: UInt64
    /// The listener's name it came in by, `PLAINTEXT`.
    package let listener: String
    /// The peer's address without port, for limits and `DescribeX` answers.
    package let peer: String
    /// The peer's port, for people who look for one connection; 0 until the host has said.
    package var peerPort: UInt16 = 0
    package let output = OutputQueue()
    package var hostIndex = -1
    /// It is not closed however long nothing moves on it: a connection of the quorum's, or one whose session has a timeout
    /// of its own.
    package var isExemptFromIdle = false

    /// The host sends what is queued, then closes.
    package private(set) var isClosing = false
    /// The host has closed it; late answers are dropped.
    package internal(set) var isClosed = false
    /// False while the peer owes us: it sends requests faster than it takes answers. The host then reads no more.
    package var wantsRead: Bool {
        !isClosing && output.byteCount < outputMax && nextRequest - nextReply < Self.requestsInFlightMax
            && throttledUntil == nil && !isPaused
    }
    /// Not read before that point: the peer was told so by `throttle_time_ms` (KIP-219).
    package internal(set) var throttledUntil: Instant?

    var isDirty = false  // It stands in the loop's list of connections that have something for the host.
    /// The topic it produced to last: mostly the one it produces to next.
    var lastProduced: Topic?
    /// Its fetches that wait for bytes, by request.
    var waitingFetches: [UInt64: FetchWait] = [:]
    var clientSoftware: (name: String, version: String) = ("", "")
    private var nextRequest: UInt64 = 0
    private var nextReply: UInt64 = 0
    private var early: [UInt64: OutputQueue] = [:]

    /// Bytes that may wait to be sent before no more are read.
    var outputMax = 1 << 20
    /// Not read for the moment: what it asks could not be taken up.
    var isPaused = false
    static let requestsInFlightMax: UInt64 = 512

    package init(id: UInt64, listener: String, peer: String) {
        self.id = id
        self.listener = listener
        self.peer = peer
    }

    /// The next request's place in the row of answers.
    func takeSequence() -> UInt64 {
        defer { nextRequest += 1 }
        return nextRequest
    }

    /// The queue an answer is written to. Call `replyWritten` behind it.
    func queue(for sequence: UInt64) -> OutputQueue {
        if sequence == nextReply { return output }
        invariant(sequence > nextReply, "answered twice: \(sequence), next is \(nextReply)")
        invariant(early[sequence] == nil, "answered twice: \(sequence)")
        let queue = OutputQueue()
        early[sequence] = queue
        return queue
    }

    /// The answer to `sequence` is whole; those behind it that are ready follow.
    func replyWritten(_ sequence: UInt64) {
        guard sequence == nextReply else { return }
        nextReply += 1
        while !early.isEmpty, let ready = early.removeValue(forKey: nextReply) {
            output.append(contentsOf: ready)
            nextReply += 1
        }
    }

    /// A request that is not answered (acks=0).
    func skipReply(_ sequence: UInt64) {
        _ = queue(for: sequence)
        replyWritten(sequence)
    }

    /// A request is not answered yet.
    package var hasRepliesOutstanding: Bool { nextReply < nextRequest }

    package func close() { isClosing = true }
}
