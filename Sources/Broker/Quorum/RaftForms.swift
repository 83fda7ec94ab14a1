import Consensus

// `Wire` has a `Message` too: here Raft's gets a name of its own.

/// What one replica of the quorum tells another.
typealias RaftMessage = Message
