/// How the network behaves in a run.
package struct NetworkOptions: Sendable {
    /// Of a path, without what chance adds.
    package var latencyMicroseconds: ClosedRange<Int64> = 50...500
    /// A packet in so many is late by up to 50 ms; 0: none.
    package var spikeOnceIn = 0
    /// Sent and not read bytes that a connection takes in a direction.
    package var windowBytes = 256 << 10
    package var dialTimeoutMicroseconds: Int64 = 2_000_000
    /// Between the system's questions whether a silent peer is still there; three without an answer break the connection.
    package var keepAliveMicroseconds: Int64 = 2_000_000
    /// `TCP_USER_TIMEOUT`.
    package var userTimeoutMicroseconds: Int64 = 10_000_000

    package init() {}
}
