package import Vocabulary

/// What a log knows about one producer (DescribeProducers, KIP-664).
package struct ProducerSummary: Equatable, Sendable {
    package let producerID: Int64
    package let producerEpoch: Int16
    package let lastSequence: Int32
    package let lastTimestamp: Timestamp
    package let coordinatorEpoch: Int32
    /// -1: no transaction is open.
    package let currentTransactionStart: Offset
}
