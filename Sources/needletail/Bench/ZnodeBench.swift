import ArgumentParser
import Glibc
import Vocabulary
import ZooKeeper

struct BenchZnode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "znode", abstract: "Create, set and get znodes of any ZooKeeper-compatible service.",
        discussion: """
            Each client is a session of its own, with nodes of its own below --path; they are deleted afterwards. Latency is \
            from a request's sending to its answer. ZooKeeper itself takes 60 connections from one address unless its \
            maxClientCnxns says otherwise.

            Examples:
              needletail bench znode create --clients 16 --duration 10s
              needletail bench znode get --clients 64 --in-flight 8 --broker-pid 4711
              needletail bench znode mix:0.9 --zookeeper zk1:2181,zk2:2181,zk3:2181 --json result.json
              needletail bench znode create --operations 100000 --size 100 --path /full --keep
            """)

    @Argument(help: "create, set, get, or mix:SHARE (that share gets, the rest sets).")
    var workload: ZnodeWorkload
    @OptionGroup(title: "Service") var service: ZnodeOptions
    @Option(help: "Clients, each with a session and a connection.") var clients = 1
    @Option(help: "Requests in flight of each client.") var inFlight = 1
    @Option(help: "Size of a node's data.") var size = ByteSize(100)
    @Option(help: "Nodes of each client that are set or got.") var nodes = 100
    @Option(help: "The node under which all happens; it must not exist.") var path =
        "/needletail-bench-\(getpid())"
    @Option(help: "How long to measure (10s, 2m); 10 s unless --operations is given.") var duration: TimeSpan?
    @Option(help: "Stop after so many operations of all clients.") var operations: Int?
    @Option(help: "How long to run before measuring.") var warmup = TimeSpan(milliseconds: 0)
    @Flag(help: "Leave the nodes.") var keep = false
    @OptionGroup(title: "Report") var reporting: BenchReporting

    func validate() throws {
        if clients < 1 || inFlight < 1 || nodes < 1 {
            throw ValidationError("--clients, --in-flight and --nodes must be at least 1.")
        }
        if let operations, operations < 1 { throw ValidationError("--operations must be at least 1.") }
        try ZnodeText.check(path)
        if path == "/" { throw ValidationError("--path must not be the root.") }
    }

    func run() throws {
        var plan = ZnodePlan(workload: workload, root: path)
        var chance = SeededGenerator(seed: 1)
        plan.data = PayloadKind.random.fill(size.bytes, using: &chance)
        plan.inFlightMax = inFlight
        plan.nodes = nodes
        plan.keepsNodes = keep
        let session = ZnodeSession(service)
        let made = try session.call(.create(CreateRequest(path: path)))
        session.close()
        guard case .created = made else { throw ZnodeText.unexpected(made, path) }
        let run = ZnodeRun(self, plan)
        do { try run.execute() } catch {
            deleteNodes()
            throw error
        }
        if !keep { deleteNodes() }
        try run.report(options: described)
    }

    /// The clients delete their own; what is left is the root, and what they could not delete.
    ///
    /// A failure has its line, but changes nothing of the result.
    private func deleteNodes() {
        let session = ZnodeSession(service)
        defer { session.close() }
        guard let (_, code) = try? ZnodeSubtree.delete(path, session) else { return }
        if code != .ok { complain("error: \(path) could not be deleted: \(ZnodeText.explain(code))") }
    }

    private var described: Described {
        [
            ("zookeeper", .string(service.zookeeper)), ("workload", .string(workload.description)),
            ("clients", .int(Int64(clients))), ("inFlight", .int(Int64(inFlight))),
            ("size", .int(Int64(size.bytes))), ("nodes", .int(Int64(nodes))), ("path", .string(path)),
            ("warmupSeconds", .number(Double(warmup.milliseconds) / 1000)),
        ]
    }
}
