import ArgumentParser
import Host

/// `needletail dev`: a broker to play and develop with, with nothing to configure.
struct Dev: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a broker for development: one process, zero configuration.",
        discussion: """
            Listens on 127.0.0.1 only and keeps its data from one start to the next. Once clients are
            answered, one line is printed on standard output; logs go to standard error. Control-C stops it.

            Examples:
              needletail dev
              needletail dev --data /tmp/play --port 0
            """)

    @Option(
        name: .long, help: "The directory for the data; it is made when it is not there.",
        completion: .directory)
    var data = "needletail-data"

    @Option(
        name: .long, help: "The port for Kafka clients; 0 takes any that is free, for HTTP and ZooKeeper too."
    )
    var port: UInt16 = 9092

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sets a property, as in a configuration file. May be given often.", valueName: "name=value"))
    var override: [String] = []

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        var properties = Properties()
        for assignment in override { properties.override(assignment) }
        properties.setDefault("node.id", "1")
        properties.setDefault("listeners", "PLAINTEXT://127.0.0.1:\(port)")
        properties.setDefault("http.listener", port == 0 ? "127.0.0.1:0" : "127.0.0.1:8080")
        properties.setDefault("zookeeper.listeners", port == 0 ? "127.0.0.1:0" : "127.0.0.1:2181")
        properties.setDefault("log.dirs", data)
        try runBroker(properties, logging, mayMove: true)
    }
}
