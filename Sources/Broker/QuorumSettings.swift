package import Vocabulary

/// How this broker takes part in the quorum that keeps the cluster's metadata and the znodes.
package struct QuorumSettings: Sendable, Equatable {
    /// A place where the quorum may be found: `1@host:9093`, or `host:9093`.
    package struct Place: Sendable, Equatable, CustomStringConvertible {
        /// Nil where the configuration does not say whose place it is.
        package let id: BrokerID?
        package let host: String
        package let port: UInt16

        package init(id: BrokerID?, host: String, port: UInt16) {
            self.id = id
            self.host = host
            self.port = port
        }

        package var description: String {
            let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            return id.map { "\($0)@\(address)" } ?? address
        }
    }

    /// `process.roles` names `controller`: it may vote. One that may not observes: it holds the log and serves znodes, and
    /// forwards what is to be written.
    package var mayVote = true
    /// Where the other replicas find this one, on its first listener of `controller.listener.names`; nil: nowhere, so that
    /// it cannot be a voter among others. The host fills in the port that it got.
    package var endpoint: BrokerConfig.Endpoint?
    /// `controller.quorum.voters` and `controller.quorum.bootstrap.servers`, without this broker's own place: whom to ask
    /// for the quorum while its members are not known otherwise.
    package var places: [Place] = []
    /// `controller.quorum.election.timeout.ms`: a voter that hears nothing of a leader so long stands for election.
    package var electionTimeoutMs: Int64 = 1000
    /// `broker.session.timeout.ms`: a broker that is silent so long is fenced.
    package var brokerSessionMs: Int64 = 9000
    /// `broker.heartbeat.interval.ms`
    package var brokerHeartbeatMs: Int64 = 2000
    /// `metadata.log.max.record.bytes.between.snapshots`
    package var snapshotBytes: Int64 = 20 << 20
    /// `metadata.log.max.snapshot.interval.ms`; nil: never for time's sake.
    package var snapshotMs: Int64? = 3_600_000

    package init() {}

    /// No other member is named: a voter like this forms a quorum of one by itself when its storage is new.
    package var isAlone: Bool { places.isEmpty && mayVote }
}
