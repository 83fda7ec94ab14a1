import ArgumentParser
import Host

/// `needletail dev`: a broker, or a cluster of some, to play and develop with, with nothing to configure.
struct Dev: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a broker, or a cluster on this machine, for development: zero configuration.",
        discussion: """
            Listens on 127.0.0.1 only and keeps its data from one start to the next. Once clients are \
            answered, one line is printed on standard output for each broker; logs go to standard error. \
            Control-C stops it.

            With --brokers 3 three processes are started that form a quorum: on the port, the next one and the \
            one behind it. Each has its configuration file and its data in the directory. One that dies is \
            reported, and stays dead unless --restart is given: kill one and see the others go on.

            Examples:
              needletail dev
              needletail dev --data /tmp/play --port 0
              needletail dev --brokers 3
            """)

    @Option(
        name: .long,
        help:
            "The directory for the data, made when it is not there (default: needletail-data, or needletail-data-N).",
        completion: .directory)
    var data: String?

    @Option(
        name: .long,
        help: "The port for Kafka clients; 0 takes any that is free, for HTTP and ZooKeeper too.")
    var port: UInt16 = 9092

    @Option(name: .long, help: "How many brokers, each a process of its own.")
    var brokers = 1

    @Flag(name: .long, help: "Start a broker that died again (with --brokers).")
    var restart = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sets a property, as in a configuration file, of all brokers. May be given often.",
            valueName: "name=value"))
    var override: [String] = []

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        guard (1...9).contains(brokers) else { throw ValidationError("--brokers is a number from 1 to 9.") }
        if restart, brokers == 1 { throw ValidationError("--restart goes with --brokers.") }
        guard brokers > 1 else { return }
        for assignment in override {
            let name = assignment.prefix { $0 != "=" }
            if DevCluster.chosenNames.contains(String(name)) {
                throw ValidationError("'\(name)' is chosen for each broker; it cannot be set for all.")
            }
        }
    }

    func run() throws {
        let directory = data ?? (brokers == 1 ? "needletail-data" : "needletail-data-\(brokers)")
        if brokers > 1 {
            let cluster = DevCluster(directory: directory, count: brokers, port: port, overrides: override)
            return try cluster.run(restarts: restart, logging)
        }
        if let count = DevCluster.count(in: directory) {
            throw failure("\(directory) holds a cluster of \(count): start it with --brokers \(count)")
        }
        var properties = Properties()
        for assignment in override { properties.override(assignment) }
        properties.setDefault("node.id", "1")
        properties.setDefault("listeners", "PLAINTEXT://127.0.0.1:\(port)")
        properties.setDefault("http.listener", port == 0 ? "127.0.0.1:0" : "127.0.0.1:8080")
        properties.setDefault("zookeeper.listeners", port == 0 ? "127.0.0.1:0" : "127.0.0.1:2181")
        properties.setDefault("log.dirs", directory)
        try runBroker(properties, logging, mayMove: true)
    }
}
