import ArgumentParser
import CLinux
import Glibc
import Host

/// `needletail dev --brokers N`: N brokers on this machine, each a process of its own with a configuration file that is
/// written for it.
///
/// The directory holds `broker-1.properties` and, in `1`, the first one's data, and so on. The files are written anew at each
/// start, so that `--port` and `--override` may change; only the ports that the voters know each other by stay.
struct DevCluster {
    let directory: String
    let count: Int
    let port: UInt16
    let overrides: [String]

    /// Properties that differ from broker to broker.
    static let chosenNames: Set<String> = [
        "node.id", "broker.id", "cluster.id", "listeners", "advertised.listeners",
        "controller.listener.names",
        "controller.quorum.voters", "controller.quorum.bootstrap.servers", "process.roles", "http.listener",
        "zookeeper.listeners", "log.dir", "log.dirs",
    ]

    /// - Returns: nil when the directory holds no cluster of ours.
    static func count(in directory: String) -> Int? {
        let found = (1...9).filter { access(file($0, in: directory), F_OK) == 0 }
        return found.max()
    }

    private static func file(_ id: Int, in directory: String) -> String {
        "\(directory)/broker-\(id).properties"
    }
    private func file(_ id: Int) -> String { Self.file(id, in: directory) }
    private var ids: ClosedRange<Int> { 1...count }

    /// Prepares the directory, starts the brokers, and returns when all have ended.
    func run(restarts: Bool, _ logging: LoggingOptions) throws {
        let signals = StopSignals()
        nt_ignore_sigpipe()  // Whoever read the ready lines may be gone; the brokers go on.
        try prepare()
        let supervisor = Supervisor(
            path: "/proc/self/exe",
            programs: ids.map { id in
                Supervisor.Program(
                    name: "broker \(id)",
                    arguments: ["start", file(id), "--log-level", logging.logLevel.rawValue])
            },
            restarts: restarts, isReadyLine: { $0.hasPrefix("needletail ready ") },
            report: { event in
                switch event {
                case .output(let line, _): writeLine(line, to: STDOUT_FILENO)
                case .errors(let line, let index): writeLine("[\(index + 1)] \(line)", to: STDERR_FILENO)
                case .note(let line): writeLine("needletail: \(line)", to: STDERR_FILENO)
                }
            })
        let code = supervisor.run(stops: signals.descriptor) { signals.take() }
        if code != 0 { throw ExitCode(code) }
    }

    // MARK: - The files

    private func prepare() throws {
        if access("\(directory)/meta.properties", F_OK) == 0 {
            throw failure("\(directory) holds the data of a single broker; name another directory by --data")
        }
        if let found = Self.count(in: directory), found != count {
            throw failure(
                "\(directory) holds a cluster of \(found): start it with --brokers \(found), or name another by --data"
            )
        }
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw failure("\(directory): \(String(cString: strerror(errno)))")
        }
        let ports = try Ports(self)
        let properties = ids.map { self.properties(of: $0, ports) }
        // What the voters are to know each other by stands in the files before they are told. Files that are there are written
        // anew only when the directories are ours: the cluster may be running.
        for (id, properties) in zip(ids, properties) where access(file(id), F_OK) != 0 {
            try write(properties, to: file(id))
        }
        do throws(SettingsProblems) {
            try format(properties)
        } catch {
            for problem in error.problems { writeLine("needletail: \(problem)", to: STDERR_FILENO) }
            throw ExitCode.failure
        }
        for (id, properties) in zip(ids, properties) { try write(properties, to: file(id)) }
    }

    private func format(_ properties: [Properties]) throws(SettingsProblems) {
        var format = StorageFormat()
        format.ignoresFormatted = true
        var generator = SystemRandomNumberGenerator()
        let members = try zip(ids, properties).map { id, properties throws(SettingsProblems) in
            StorageFormat.Member(file: file(id), settings: try BrokerSettings(properties))
        }
        _ = try format.run(members, using: &generator)
    }

    private func properties(of id: Int, _ ports: Ports) -> Properties {
        var properties = Properties()
        func address(_ port: UInt16) -> String { "127.0.0.1:\(port)" }
        let place = id - 1
        let voters = ids.map { "\($0)@\(address(ports.controllers[$0 - 1]))" }.joined(separator: ",")
        for assignment in overrides { properties.override(assignment) }
        properties.setDefault("node.id", "\(id)")
        properties.setDefault(
            "listeners",
            "PLAINTEXT://\(address(ports.clients[place])),CONTROLLER://\(address(ports.controllers[place]))")
        properties.setDefault("controller.listener.names", "CONTROLLER")
        properties.setDefault("controller.quorum.voters", voters)
        properties.setDefault("http.listener", address(ports.http[place]))
        properties.setDefault("zookeeper.listeners", address(ports.zookeeper[place]))
        properties.setDefault("log.dirs", "\(directory)/\(id)")
        return properties
    }

    private func write(_ properties: Properties, to path: String) throws {
        let text = "# Written by 'needletail dev --brokers \(count)', anew at each start.\n" + properties.text
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0, writeAll(descriptor, Array(text.utf8)) else {
            throw failure("\(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }

    // MARK: - Ports

    /// A port of each kind for each broker.
    private struct Ports {
        let clients: [UInt16]
        let controllers: [UInt16]
        let http: [UInt16]
        let zookeeper: [UInt16]

        init(_ cluster: DevCluster) throws {
            var taken: Set<UInt16> = []
            let first = cluster.port
            guard Int(first) + 100 + cluster.count <= Int(UInt16.max) else {
                throw failure("--port \(first) leaves no room for the ports behind it")
            }
            let kept = cluster.ids.map { Self.controller(of: cluster.file($0)) }
            taken.formUnion(kept.compactMap { $0 })
            // Those that the user asked for are not moved: a broker that finds its port in use says so.
            clients = try cluster.ids.map { id in
                first == 0 ? try Self.free(nil, &taken) : first + UInt16(id - 1)
            }
            taken.formUnion(clients)
            func wish(_ base: UInt16, _ id: Int) -> UInt16? { first == 0 ? nil : base + UInt16(id - 1) }
            controllers = try cluster.ids.map { id in
                try kept[id - 1] ?? Self.free(wish(first + 100, id), &taken)
            }
            http = try cluster.ids.map { try Self.free(wish(8080, $0), &taken) }
            zookeeper = try cluster.ids.map { try Self.free(wish(2181, $0), &taken) }
        }

        /// The one that the other voters know a broker by since the cluster was formatted.
        private static func controller(of file: String) -> UInt16? {
            guard let text = readText(file),
                let listeners = Properties(parsing: text, source: file)["listeners"],
                case .success(let list) = Listener.list(listeners)
            else { return nil }
            return list.first { $0.name == "CONTROLLER" }?.port
        }

        /// The port wished for, or else one that nobody listens on, below those that the system gives to outgoing connections.
        private static func free(_ wish: UInt16?, _ taken: inout Set<UInt16>) throws -> UInt16 {
            for attempt in 0..<1000 {
                let port = attempt == 0 && wish != nil ? wish! : UInt16.random(in: 20_000..<32_768)
                if taken.contains(port) { continue }
                let descriptor = nt_listen("127.0.0.1", port, 1)
                if descriptor < 0 { continue }
                close(descriptor)
                taken.insert(port)
                return port
            }
            throw failure("no free port was found between 20000 and 32767")
        }
    }
}
