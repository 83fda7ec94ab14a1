package import Vocabulary

/// The static configuration as the loops use it: resolved, typed, checked.
package struct BrokerConfig: Sendable {
    /// A listener as clients are told it.
    package struct Endpoint: Sendable, Equatable {
        package let listener: String
        package let host: String
        package let port: Int32

        package init(listener: String, host: String, port: Int32) {
            self.listener = listener
            self.host = host
            self.port = port
        }
    }

    package var nodeID: BrokerID = 1
    package var rack: String?
    package var endpoints: [Endpoint] = []
    /// How many data loops the host runs.
    package var dataLoops = 1
    /// Bytes of one request, `socket.request.max.bytes`.
    package var socketRequestMaxBytes = 100 << 20
    /// `fetch.max.bytes`: the most one Fetch answers.
    package var fetchMaxBytes = 55 << 20
    /// `max.incremental.fetch.session.cache.slots`.
    package var fetchSessionSlots = 1000
    package var autoCreateTopics = true
    /// `max.request.partition.size.limit`.
    package var requestPartitionsMax = 2000
    /// Bytes free below which writes are refused, and below which producers are slowed.
    package var diskMinFreeBytes: Int64 = 1 << 30
    package var diskThrottleFreeBytes: Int64 = 2 << 30
    package var quorum = QuorumSettings()
    package var zookeeper = ZooKeeperSettings()
    /// Every static property by name as the operator gave it, for DescribeConfigs and the topic defaults.
    package var properties: [String: String] = [:]

    package init() {}

    /// The endpoint that clients of `listener` are told.
    package func endpoint(of listener: String) -> Endpoint? {
        endpoints.first { $0.listener == listener } ?? endpoints.first
    }
}
