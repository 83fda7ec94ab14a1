import ArgumentParser
import ZooKeeper

struct ZnodeWatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print what happens to a node until interrupted.",
        discussion: """
            One line for each change: NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged, and the path. With \
            --recursive also for all nodes below, whose comings and goings then stand for NodeChildrenChanged. What changes \
            while the connection is lost is told once it is back, as far as it can still be seen.

            Examples:
              needletail znode watch /app/config
              needletail znode watch / --recursive --format json
            """)

    @Argument(help: "The node; it need not exist yet.") var path: String
    @OptionGroup var options: ZnodeOptions
    @Flag(help: "All below it too.") var recursive = false
    @Option(help: ArgumentHelp("Stop after so many events.", valueName: "n")) var count: Int?
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws {
        try ZnodeText.check(path)
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
    }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let watch = WatchRequest(path: path, mode: recursive ? .persistentRecursive : .persistent)
        let reply = try session.call(.addWatch(watch))
        guard case .watchAdded = reply else { throw ZnodeText.unexpected(reply, path) }
        complain("watching \(path)")
        session.tellsOfConnection = true
        var left = count ?? .max
        while left > 0 {
            let events = try session.nextEvents()
            if events.isEmpty { return }
            var output = Output()
            for event in events.prefix(left) { output.append(line(event)) }
            output.flush()
            if output.isClosed { return }
            left -= min(left, events.count)
        }
    }

    private func line(_ event: WatcherEvent) -> String {
        switch format {
        case .text: "\(event.kind.name) \(event.path)\n"
        case .json:
            "\(JSON.object([("type", .string(event.kind.name)), ("path", .string(event.path))]))\n"
        }
    }
}

extension WatcherEvent.Kind {
    /// ZooKeeper's name for it.
    var name: String {
        switch self {
        case .none: "None"
        case .nodeCreated: "NodeCreated"
        case .nodeDeleted: "NodeDeleted"
        case .nodeDataChanged: "NodeDataChanged"
        case .nodeChildrenChanged: "NodeChildrenChanged"
        case .dataWatchRemoved: "DataWatchRemoved"
        case .childWatchRemoved: "ChildWatchRemoved"
        case .persistentWatchRemoved: "PersistentWatchRemoved"
        }
    }
}
