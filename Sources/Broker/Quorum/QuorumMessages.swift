package import Metadata
package import Vocabulary

/// What the control loop wants of the quorum.
package enum QuorumRequest: Sendable {
    /// A command for the controller, wherever it is; ends as `QuorumNews.commandEnded`.
    case command(id: UInt64, MetadataCommand)
    /// The broker comes up: a session, the ephemeral znode, and the registration; ends as `QuorumNews.joined`.
    case join(NewBroker)
    /// The broker stops in order: its session is closed, so that nobody waits for it to expire.
    case leave
    /// Operators' wishes that no Kafka API has.
    case admin(id: UInt64, QuorumAdmin)
    /// The log directory that holds the metadata log failed under another loop: in a partition's file, mostly.
    case diskFailed(String)
}

package enum QuorumAdmin: Sendable, Equatable {
    case transferLeadership(to: BrokerID?)
    case snapshot
}

/// What the quorum tells the control loop, in the order in which it came to pass.
package enum QuorumNews: Sendable {
    /// Facts became true: the image with them, and which they are.
    case committed(ClusterImage, [MetadataRecord], Offset)
    /// A snapshot took the place of all that was known.
    case replaced(ClusterImage)
    case commandEnded(id: UInt64, MetadataOutcome)
    case joined(epoch: Int64, ClusterImage)
    /// The broker must not run under this id here.
    case joinRefused(MetadataError)
    /// Who leads, and so is the controller; -1: nobody is known to.
    case leader(BrokerID)
    case adminEnded(id: UInt64, AdminDesk.Outcome)
    /// This replica takes no part any more.
    case failed(String)
}

extension QuorumNews {
    /// The sentence for commands that nobody can take just now.
    static let noLeader = MetadataError(.notController, "No leader of the quorum can be reached; try again.")
}
