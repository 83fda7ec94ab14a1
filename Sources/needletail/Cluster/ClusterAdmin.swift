import ArgumentParser

/// Where a broker's HTTP is, for wishes that Kafka's protocol has no words for.
struct HTTPOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A broker's HTTP listener.", valueName: "host:port"))
    var http = "127.0.0.1:8080"

    @Option(help: ArgumentHelp("How long it may take.", valueName: "ms"))
    var requestTimeout: Int64 = 30_000

    func validate() throws {
        if HostAndPort(argument: http) == nil { throw ValidationError("'\(http)' is not host:port.") }
        if requestTimeout < 1 { throw ValidationError("--request-timeout must be at least 1.") }
    }

    /// - Throws: `ExitCode` after its line was printed.
    func post(_ path: String) throws -> String {
        let place = HostAndPort(argument: http)!
        let (status, body) = try HTTPPost.send(to: place, path, timeoutMs: requestTimeout)
        guard status == 200 else { throw Failure.failed(body.isEmpty ? "the broker answered with status \(status)" : body) }
        return body
    }
}

struct ClusterTransferLeadership: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer-leadership", abstract: "Have another voter lead the quorum.",
        discussion: """
            Before a leader's machine is taken down, say. The new leader is the one whose log is longest, unless --to says.

            Examples:
              needletail cluster transfer-leadership
              needletail cluster transfer-leadership --to 3 --http broker1:8080
            """)

    @Option(help: ArgumentHelp("The voter that shall lead.", valueName: "id")) var to: Int32?
    @OptionGroup var options: HTTPOptions

    func run() throws { print(try options.post("/quorum/transfer-leadership" + (to.map { "?to=\($0)" } ?? ""))) }
}

struct ClusterSnapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Have one broker take a snapshot of metadata and znodes now.",
        discussion: """
            Each broker takes its own by itself as its log grows; this is for the moment before a copy is made.

            Example:
              needletail cluster snapshot --http broker1:8080
            """)

    @OptionGroup var options: HTTPOptions

    func run() throws { print(try options.post("/quorum/snapshot")) }
}
