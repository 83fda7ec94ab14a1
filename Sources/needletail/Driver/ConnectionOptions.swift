import ArgumentParser
import Client

/// Where the cluster is, for every command that talks to one.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: [.customShort("b"), .long],
        help: ArgumentHelp("Brokers to ask first, comma-separated.", valueName: "host:port"))
    var bootstrap = "127.0.0.1:9092"

    @Option(help: ArgumentHelp("How long one request may take.", valueName: "ms"))
    var requestTimeout: Int64 = 30_000

    func validate() throws {
        if Endpoint.list(bootstrap) == nil {
            throw ValidationError("'\(bootstrap)' is not host:port, or several of them separated by commas.")
        }
        if requestTimeout < 1 { throw ValidationError("--request-timeout must be at least 1.") }
    }

    func settings(clientID: String) -> Cluster.Settings {
        var settings = Cluster.Settings(bootstrap: Endpoint.list(bootstrap) ?? [])
        settings.clientID = clientID
        settings.requestTimeoutMs = requestTimeout
        settings.connectTimeoutMs = min(10_000, requestTimeout)
        return settings
    }
}
