import Broker
import CommitLog
import Glibc
import Host
import Logging
import Testing
import Vocabulary

struct StorageFormatTests {
    private let directory = TemporaryDirectory()

    private func member(_ id: Int, of count: Int, _ more: [String] = []) throws -> StorageFormat.Member {
        var properties = Properties()
        for assignment in more { properties.override(assignment) }
        properties.setDefault("node.id", "\(id)")
        properties.setDefault("listeners", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:\(9000 + id)")
        properties.setDefault("controller.listener.names", "CONTROLLER")
        properties.setDefault(
            "controller.quorum.voters",
            (1...count).map { "\($0)@127.0.0.1:\(9000 + $0)" }.joined(separator: ","))
        properties.setDefault("http.listener", "")
        properties.setDefault("log.dirs", "\(directory.path)/\(id)a,\(directory.path)/\(id)b")
        return StorageFormat.Member(file: "file-\(id)", settings: try BrokerSettings(properties))
    }

    private func members(_ count: Int) throws -> [StorageFormat.Member] {
        try (1...count).map { try member($0, of: count) }
    }

    @discardableResult
    private func format(
        _ members: [StorageFormat.Member], seed: UInt64 = 1,
        _ change: (inout StorageFormat) -> Void = { _ in }
    ) throws -> [String] {
        var format = StorageFormat()
        change(&format)
        var generator = SeededGenerator(seed: seed)
        return try format.run(members, using: &generator)
    }

    private func problems(
        _ members: [StorageFormat.Member], _ change: (inout StorageFormat) -> Void = { _ in }
    ) throws -> [String] {
        do {
            try format(members, seed: 9, change)
            return []
        } catch let error as SettingsProblems {
            return error.problems.map(\.description)
        }
    }

    private func identity(_ name: String) throws -> DirectoryIdentity? {
        try LogDirectory.identity(of: try PosixDisk("\(directory.path)/\(name)"))
    }

    private func isFormatted(_ name: String) throws -> Bool {
        try QuorumStorage.isFormatted(try PosixDisk("\(directory.path)/\(name)"))
    }

    @Test func `three files become the voters of one new cluster`() throws {
        let lines = try format(try members(3))
        let identities = try ["1a", "1b", "2a", "2b", "3a", "3b"].map { try #require(try identity($0)) }
        #expect(Set(identities.map(\.clusterID)).count == 1)
        #expect(Set(identities.map(\.directoryID)).count == 6)
        #expect(identities.map(\.nodeID) == [1, 1, 2, 2, 3, 3])
        #expect(lines.count == 7)
        #expect(
            lines[0]
                == "file-1: formatted \(directory.path)/1a for broker 1, directory.id \(identities[0].directoryID)."
        )
        let voters = [0, 2, 4].map {
            "\($0 / 2 + 1)@127.0.0.1:\(9001 + $0 / 2):\(identities[$0].directoryID)"
        }
        #expect(
            lines[6] == "Cluster \(identities[0].clusterID) with the voters \(voters.joined(separator: ","))")
        #expect(try ["1a", "2a", "3a"].allSatisfy { try isFormatted($0) })
        // The set stands in the first directory only.
        #expect(try !isFormatted("1b"))
    }

    @Test func `nothing is overwritten`() throws {
        try format(try members(3))
        let before = try identity("2a")
        let found = try problems(try members(3))
        #expect(found.count == 3)
        #expect(
            found[1].hasPrefix(
                "file-2: \(directory.path)/2a is formatted already, for broker 2 of cluster \(before!.clusterID); nothing was"
            ))
        let lines = try format(try members(3), seed: 5) { $0.ignoresFormatted = true }
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.hasSuffix("it is left as it is.") })
        #expect(try identity("2a") == before)
    }

    @Test func `new brokers do not pass for first voters beside formatted ones`() throws {
        try format([try member(1, of: 1)])
        let found = try problems(try members(3)) { $0.ignoresFormatted = true }
        #expect(found.count == 2)
        #expect(
            found[0].hasPrefix(
                "file-2: cannot be among the first voters of a new cluster together with file-1"))
        #expect(try identity("2a") == nil)
        // They can join its cluster.
        let cluster = try #require(try identity("1a")?.clusterID)
        let lines = try format(try members(3)) {
            $0.ignoresFormatted = true
            $0.clusterID = cluster
            $0.voters = .none
        }
        #expect(lines.first?.hasSuffix("it is left as it is.") == true)
        #expect(lines.last == "Cluster \(cluster); the voters are learned from the members that are there.")
        #expect(try identity("3a")?.clusterID == cluster)
    }

    @Test func `a directory that cannot be used leaves all others as they are`() throws {
        directory.write("", to: "2b")
        #expect(try problems(try members(2)).count == 1)
        #expect(try identity("1a") == nil)
    }

    @Test func `a directory that a running broker uses is not formatted`() throws {
        let inUse = try PosixDisk("\(directory.path)/2b")
        #expect(try problems(try members(2)).first?.contains("is using this directory") == true)
        #expect(try identity("1a") == nil)
        withExtendedLifetime(inUse) {}
    }

    @Test func `directories that have their identity keep it`() throws {
        let drawn = DirectoryIdentity(clusterID: "c1", nodeID: 1, directoryID: UUID128(high: 1, low: 2))
        do { _ = try LogDirectory.open(try PosixDisk("\(directory.path)/1a"), identity: drawn) }
        let lines = try format(try members(2))
        #expect(try identity("1a") == drawn)
        #expect(try identity("2b")?.clusterID == "c1")
        #expect(lines[0].hasSuffix("directory.id \(drawn.directoryID) (which it had)."))
        #expect(lines.last?.contains("1@127.0.0.1:9001:\(drawn.directoryID)") == true)
    }

    @Test func `voters given by name give their directories the ids they have there`() throws {
        let text = ["1@a.example.org:9093:AAAAAAAAAAAAAAAAAAAAAQ", "2@[::1]:9093:AAAAAAAAAAAAAAAAAAAAAg"]
        let given = text.compactMap { QuorumVoter($0) }
        #expect(given.map(\.text) == text)
        let lines = try format([try member(2, of: 2)]) {
            $0.clusterID = "c9"
            $0.voters = .given(given)
        }
        #expect(try identity("2a")?.directoryID == UUID128("AAAAAAAAAAAAAAAAAAAAAg"))
        #expect(try identity("2a")?.clusterID == "c9")
        #expect(lines.last == "Cluster c9 with the voters \(text.joined(separator: ","))")
        // A broker that is not named, an observer that is, and doubles.
        #expect(
            try problems([try member(3, of: 3)]) { $0.voters = .given(given) }.first?.contains(
                "does not name broker 3") == true)
        #expect(
            try problems([try member(1, of: 2, ["process.roles=broker"])]) { $0.voters = .given(given) }
                .first?
                .contains("does not vote") == true)
        #expect(
            try problems([try member(1, of: 1)]) { $0.voters = .given([given[0], given[0]]) }.count == 2)
    }

    @Test(arguments: [
        "1@h:9093", "h:9093:AAAAAAAAAAAAAAAAAAAAAQ", "1@h:AAAAAAAAAAAAAAAAAAAAAQ",
        "1@h:0:AAAAAAAAAAAAAAAAAAAAAQ",
        "1@h:9093:short", "-1@h:1:AAAAAAAAAAAAAAAAAAAAAQ", ":@", "", "1@:1:AAAAAAAAAAAAAAAAAAAAAQ",
    ])
    func `what is no voter is none`(text: String) { #expect(QuorumVoter(text) == nil) }

    @Test func `one of several cannot be formatted as if it were alone`() throws {
        let found = try problems([try member(1, of: 3)])
        #expect(found.count == 1)
        #expect(
            found[0].contains(
                "is one of several: its quorum is to be found at 2@127.0.0.1:9002, 3@127.0.0.1:9003 too"))
        #expect(try problems([try member(1, of: 3), try member(2, of: 3)]).count == 2)
        #expect(try identity("1a") == nil)
    }

    @Test func `two brokers with one id, one directory or no port between them are refused`() throws {
        let one = try member(1, of: 1)
        #expect(try problems([one, one]).count == 3)
        let portless = try member(1, of: 1, ["listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"])
        let other = try member(2, of: 2)
        #expect(
            try problems([portless, other]) == [
                "file-1: CONTROLLER has port 0; the other voters must know its port beforehand"
            ])
        let deaf = try member(1, of: 1, ["listeners=PLAINTEXT://127.0.0.1:0"])
        #expect(
            try problems([deaf, other]).first?.hasPrefix("file-1: has no listener for the other voters")
                == true)
    }

    @Test func `directories of others, of another cluster or with something in them are refused`() throws {
        do {
            _ = try LogDirectory.open(
                try PosixDisk("\(directory.path)/1a"),
                identity: DirectoryIdentity(clusterID: "c1", nodeID: 7, directoryID: UUID128(high: 1, low: 2))
            )
        }
        #expect(try problems([try member(1, of: 1)]).first?.contains("belongs to broker 7, not to 1") == true)
        #expect(
            try problems([try member(1, of: 1)]) { $0.clusterID = "c2" }
                == ["\(directory.path)/1a/meta.properties: cluster.id is c1, but --cluster-id has c2"])
        mkdir("\(directory.path)/3b", 0o755)
        mkdir("\(directory.path)/3b/orders-0", 0o755)
        let found = try problems([try member(3, of: 1, ["controller.quorum.voters="])])
        #expect(found.count == 1)
        #expect(found[0].contains("3b is not empty: it holds orders-0"))
        #expect(try identity("3a") == nil)
    }

    @Test func `a broker that does not vote is formatted beside the voters, or joins`() throws {
        let observer = try member(
            3, of: 2,
            ["process.roles=broker", "listeners=PLAINTEXT://127.0.0.1:0", "log.dirs=\(directory.path)/o"])
        let lines = try format(try members(2) + [observer])
        #expect(lines.last?.contains("3@") == false)
        #expect(try isFormatted("o"))
        let other = try member(
            4, of: 2,
            ["process.roles=broker", "listeners=PLAINTEXT://127.0.0.1:0", "log.dirs=\(directory.path)/p"])
        #expect(try problems([other]).first?.contains("does not vote (process.roles)") == true)
    }

    @Test func `a broker that is one of several does not start on a directory that is not formatted`() throws
    {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let settings = try member(1, of: 3).settings
        let error = #expect(throws: SettingsProblems.self) { try Node(settings, logger: logger) }
        #expect(error?.description.contains("1a is not formatted. A broker that belongs to a quorum") == true)
        #expect(error?.description.contains("needletail format") == true)
        #expect(try identity("1a") == nil)
    }
}
