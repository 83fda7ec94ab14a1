import Broker
import Vocabulary

/// What is wrong with a wish to format, as far as the configurations alone tell.
enum FormatCheck {
    static func problems(_ members: [StorageFormat.Member], _ voters: StorageFormat.Voters)
        -> [SettingsProblem]
    {
        var problems = members.indices.flatMap { twins(members[$0], members[..<$0]) }
        switch voters {
        case .members: problems += members.flatMap { firstVoter($0, among: members) }
        case .given(let given): problems += self.given(given) + members.flatMap { named($0, in: given) }
        case .none: break
        }
        return problems
    }

    /// No two brokers share an id or a directory.
    private static func twins(
        _ member: StorageFormat.Member, _ earlier: ArraySlice<StorageFormat.Member>
    ) -> [SettingsProblem] {
        var problems: [SettingsProblem] = []
        for other in earlier {
            if other.settings.nodeID == member.settings.nodeID {
                problems.append(
                    problem(
                        member,
                        "node.id is \(member.settings.nodeID), as in \(other.file); each broker has its own"))
            }
            for directory in member.settings.logDirs where other.settings.logDirs.contains(directory) {
                problems.append(
                    problem(
                        member, "log.dirs names \(directory), as does \(other.file); each broker has its own")
                )
            }
        }
        return problems
    }

    /// A first voter must know all the others, and be known to them.
    private static func firstVoter(
        _ member: StorageFormat.Member, among members: [StorageFormat.Member]
    ) -> [SettingsProblem] {
        let quorum = member.settings.broker.quorum
        guard quorum.mayVote else {
            let others = members.contains { $0.settings.broker.quorum.mayVote }
            return others
                ? []
                : [
                    problem(
                        member,
                        "does not vote (process.roles); give the voters' files too, or join a cluster with --cluster-id "
                            + "ID --no-initial-voters")
                ]
        }
        let ids = Set(members.map(\.settings.nodeID))
        let missing = quorum.places.filter { place in
            place.id.map { !ids.contains($0.value) } ?? (members.count == 1)
        }
        if !missing.isEmpty {
            return [
                problem(
                    member,
                    "is one of several: its quorum is to be found at "
                        + "\(missing.map(\.description).joined(separator: ", ")) too. Give the files of all first voters at once, "
                        + "or name them by --initial-voters; to join a cluster that is there: --cluster-id ID "
                        + "--no-initial-voters")
            ]
        }
        if members.count == 1 { return [] }
        guard let endpoint = quorum.endpoint else {
            return [
                problem(
                    member,
                    "has no listener for the other voters: add one like CONTROLLER://127.0.0.1:9093 to 'listeners' "
                        + "and set controller.listener.names=CONTROLLER")
            ]
        }
        if endpoint.port == 0 {
            return [
                problem(
                    member, "\(endpoint.listener) has port 0; the other voters must know its port beforehand")
            ]
        }
        return []
    }

    private static func given(_ voters: [QuorumVoter]) -> [SettingsProblem] {
        var problems: [SettingsProblem] = []
        if voters.isEmpty {
            problems.append(SettingsProblem(place: "--initial-voters", message: "names nobody"))
        }
        for (index, voter) in voters.enumerated() {
            if voters[..<index].contains(where: { $0.id == voter.id }) {
                problems.append(
                    SettingsProblem(place: "--initial-voters", message: "names broker \(voter.id) twice"))
            }
            if voters[..<index].contains(where: { $0.directory == voter.directory }) {
                problems.append(
                    SettingsProblem(
                        place: "--initial-voters", message: "names directory \(voter.directory) twice"))
            }
        }
        return problems
    }

    private static func named(_ member: StorageFormat.Member, in voters: [QuorumVoter]) -> [SettingsProblem] {
        let isThere = voters.contains { $0.id.value == member.settings.nodeID }
        if member.settings.broker.quorum.mayVote == isThere { return [] }
        return [
            problem(
                member,
                isThere
                    ? "does not vote (process.roles), but --initial-voters names it"
                    : "--initial-voters does not name broker \(member.settings.nodeID); to join that cluster without a vote for "
                        + "now: --no-initial-voters")
        ]
    }

    private static func problem(_ member: StorageFormat.Member, _ message: String) -> SettingsProblem {
        SettingsProblem(place: member.file, message: message)
    }
}
