import ArgumentParser
import Broker
import Glibc
import Host
import Vocabulary

/// `needletail format`: prepares log directories for the voters of a cluster.
struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prepare the log directories of brokers that form a cluster.",
        discussion: """
            Gives the directories of each configuration file their identity (meta.properties) and the cluster's first \
            voters. Nothing is ever overwritten. A broker that is alone, and 'needletail dev', do this by themselves.

            With several files they become the first voters of one new cluster. Where the brokers' directories are on \
            several machines, run it on each, with the same cluster id and the same voters; \
            '--random-uuid' draws ids. A broker that joins a cluster is formatted with that cluster's id and \
            '--no-initial-voters'.

            Examples:
              needletail format config/cluster-1.properties config/cluster-2.properties config/cluster-3.properties
              needletail format broker.properties --cluster-id ID --initial-voters 1@a:9093:DIR1,2@b:9093:DIR2,3@c:9093:DIR3
              needletail format broker.properties --cluster-id ID --no-initial-voters
              needletail format --random-uuid
            """)

    @Argument(
        help: "Configuration files, one for each broker.", completion: .file(extensions: ["properties"]))
    var files: [String] = []

    @Option(name: .long, help: "The cluster's id; a new one is drawn if neither this nor the files say it.")
    var clusterID: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The first voters, if they are not the files' brokers. A broker's own directory gets the id it has here.",
            valueName: "id@host:port:directory,..."))
    var initialVoters: String?

    @Flag(name: .long, help: "Join a cluster that is there; its voters are learned from it.")
    var noInitialVoters = false

    @Flag(name: .long, help: "Leave brokers that are formatted already as they are, and succeed.")
    var ignoreFormatted = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sets a property, whatever the file says. With one file only. May be given often.",
            valueName: "name=value"))
    var override: [String] = []

    @Flag(name: .long, help: "Only print a new id, for a cluster or a directory.")
    var randomUUID = false

    func validate() throws {
        if randomUUID { return }
        if files.isEmpty {
            throw ValidationError("Give the configuration files of the brokers, or --random-uuid.")
        }
        if files.count > 1, !override.isEmpty { throw ValidationError("--override goes with one file only.") }
        if initialVoters != nil, noInitialVoters {
            throw ValidationError("--initial-voters and --no-initial-voters exclude each other.")
        }
        if clusterID == nil, noInitialVoters || initialVoters != nil {
            throw ValidationError(
                "--cluster-id is needed: all members of a cluster are formatted with the same one.")
        }
        let isGood =
            clusterID?.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) } ?? true
        if !isGood || clusterID == "" {
            throw ValidationError("The cluster's id is made of letters, digits, '-', '_' and '.'.")
        }
    }

    func run() throws {
        var generator = SystemRandomNumberGenerator()
        if randomUUID {
            writeLine("\(UUID128(using: &generator))", to: STDOUT_FILENO)
            return
        }
        var format = StorageFormat()
        format.clusterID = clusterID
        format.ignoresFormatted = ignoreFormatted
        format.voters = noInitialVoters ? .none : try givenVoters().map { .given($0) } ?? .members
        var problems: [SettingsProblem] = []
        var members: [StorageFormat.Member] = []
        for file in files {
            let properties = try readProperties(file, override)
            do throws(SettingsProblems) {
                members.append(StorageFormat.Member(file: file, settings: try BrokerSettings(properties)))
            } catch {
                problems += error.problems
            }
        }
        do throws(SettingsProblems) {
            if !problems.isEmpty { throw SettingsProblems(problems: problems) }
            for line in try format.run(members, using: &generator) { writeLine(line, to: STDOUT_FILENO) }
        } catch {
            for problem in error.problems { writeLine("needletail: \(problem)", to: STDERR_FILENO) }
            throw ExitCode.failure
        }
    }

    private func givenVoters() throws -> [QuorumVoter]? {
        try initialVoters?.split(separator: ",").map { text in
            guard let voter = QuorumVoter(String(text)) else {
                throw ValidationError(
                    "'\(text)' is not id@host:port:directory, like 1@127.0.0.1:9093:3Db5QLSqSZieL3rJBUUegA")
            }
            return voter
        }
    }
}
