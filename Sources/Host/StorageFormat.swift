package import Broker
import CommitLog
import Glibc
import Ports
import Vocabulary

/// `needletail format`: makes empty log directories those of a broker, and brokers the first voters of a cluster.
///
/// Never overwrites. Either all is written that was asked for, or, unless a disk fails in between, nothing; after that
/// the same command again completes it: directories that have their identity keep it.
package struct StorageFormat {
    package enum Voters: Equatable, Sendable {
        /// All members that may vote.
        case members
        case given([QuorumVoter])
        /// The members join a cluster that is there, and learn of its voters from it.
        case none
    }

    /// One broker, by its configuration.
    package struct Member: Sendable {
        /// The file's name, for messages.
        package let file: String
        package let settings: BrokerSettings

        package init(file: String, settings: BrokerSettings) {
            self.file = file
            self.settings = settings
        }
    }

    /// Nil: what the files say, or else a new one.
    package var clusterID: String?
    package var voters = Voters.members
    /// Brokers that are formatted already are left as they are; else they are a problem.
    package var ignoresFormatted = false

    package init() {}

    /// - Returns: what was done, in lines for the operator.
    /// - Throws: all that is wrong.
    package func run(
        _ members: [Member], using generator: inout some RandomNumberGenerator
    ) throws(SettingsProblems) -> [String] {
        try refuse(FormatCheck.problems(members, voters))
        let storages = try members.map { member throws(SettingsProblems) in try FormatStorage(member) }
        let kept = storages.filter(\.isFormatted)
        let fresh = storages.filter { !$0.isFormatted }
        try refuse(problems(kept: kept, fresh: fresh))
        let leftAlone = kept.map(\.leftAloneLine)
        if fresh.isEmpty { return leftAlone }
        let clusterID = try commonClusterID(storages) ?? UUID128(using: &generator).description
        for storage in fresh { storage.choose(clusterID, own(storage), using: &generator) }
        try refuse(fresh.flatMap { $0.problems(own($0)) })
        let set: [QuorumVoter] =
            switch voters {
            case .members: fresh.compactMap(\.voter)
            case .given(let given): given
            case .none: []
            }
        for storage in fresh { try storage.writeIdentities() }
        for storage in fresh {
            try storage.writeVoters(storage.member.settings.broker.quorum.mayVote ? set : [])
        }
        return leftAlone + fresh.flatMap(\.formattedLines) + [Self.line(of: set, clusterID)]
    }

    /// The voter that a member was said to be.
    private func own(_ storage: FormatStorage) -> QuorumVoter? {
        guard case .given(let given) = voters else { return nil }
        return given.first { $0.id.value == storage.member.settings.nodeID }
    }

    private func refuse(_ problems: [SettingsProblem]) throws(SettingsProblems) {
        if !problems.isEmpty { throw SettingsProblems(problems: problems) }
    }

    private func problems(kept: [FormatStorage], fresh: [FormatStorage]) -> [SettingsProblem] {
        if !ignoresFormatted {
            return kept.map { storage in
                SettingsProblem(
                    place: storage.member.file,
                    message:
                        "\(storage.leftAloneWhy); nothing was changed. With --ignore-formatted such brokers are left as "
                        + "they are")
            }
        }
        guard !kept.isEmpty, !fresh.isEmpty, voters == .members else { return [] }
        // The first voters of one cluster must all be told the same set, or two quorums would think that they are it.
        return fresh.map { storage in
            SettingsProblem(
                place: storage.member.file,
                message:
                    "cannot be among the first voters of a new cluster together with \(kept[0].member.file), which is "
                    + "formatted already. To join that one's cluster: --cluster-id \(kept[0].clusterID ?? "ID") "
                    + "--no-initial-voters; to begin anew: remove the directories of all")
        }
    }

    /// What the command line, the files and directories that have an identity already say of it.
    private func commonClusterID(_ storages: [FormatStorage]) throws(SettingsProblems) -> String? {
        var known: (id: String, place: String)? = clusterID.map { ($0, "--cluster-id") }
        for storage in storages {
            for (id, place) in storage.clusterIDs {
                guard let other = known else {
                    known = (id, place)
                    continue
                }
                if other.id != id {
                    try refuse([
                        SettingsProblem(
                            place: place, message: "cluster.id is \(id), but \(other.place) has \(other.id)")
                    ])
                }
            }
        }
        return known?.id
    }

    private static func line(of voters: [QuorumVoter], _ clusterID: String) -> String {
        if voters.isEmpty {
            return "Cluster \(clusterID); the voters are learned from the members that are there."
        }
        let names = voters.sorted { $0.id < $1.id }.map(\.text)
        return
            "Cluster \(clusterID) with \(names.count == 1 ? "the voter" : "the voters") \(names.joined(separator: ","))"
    }
}

extension QuorumVoter {
    /// `1@127.0.0.1:9093:3Db5QLSqSZieL3rJBUUegA`, as Kafka's tools write it.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let directory = UUID128(String(text[text.index(after: colon)...])),
            let at = text.firstIndex(of: "@"), at < colon, let id = Int32(text[..<at]), id >= 0,
            let address = Listener("CONTROLLER://\(text[text.index(after: at)..<colon])"),
            !address.host.isEmpty,
            address.port > 0
        else { return nil }
        self.init(id: BrokerID(id), directory: directory, host: address.host, port: address.port)
    }

    package var text: String {
        "\(id)@\(Listener(name: "", host: host, port: port).address):\(directory)"
    }
}
