import Broker
import Glibc
import Logging

/// The broker's listening sockets: the data loops' for Kafka's clients, the quorum loop's for other replicas and for
/// ZooKeeper's clients.
struct NodeListeners {
    /// As opened: with the ports that were asked for as 0.
    private(set) var clients: [Listener] = []
    private(set) var controllers: [Listener] = []
    private(set) var zookeepers: [Listener] = []
    private(set) var ofDataLoops: [OpenListener] = []
    private(set) var ofQuorumLoop: [OpenListener] = []

    var all: [Listener] { clients + controllers + zookeepers }

    /// Replicas hold one connection to each other, two for a moment. Their number is bounded all the same: strangers
    /// must not use up the descriptors that files need.
    private static let replicaConnectionsMax = 64
    /// A replica that is silent so long is not there any more.
    private static let replicaDeadMs: Int32 = 10_000

    /// Opens all of them, or none.
    /// - Parameters:
    ///   - limits: of Kafka's clients; ZooKeeper's count in their total.
    ///   - zookeeperMayMove: takes any port for ZooKeeper's clients when the one asked for is in use.
    init(
        _ settings: BrokerSettings, limits: ConnectionLimits, zookeeperMayMove: Bool, _ logger: Logger
    ) throws(SettingsProblems) {
        do throws(SettingsProblem) {
            for listener in settings.listeners {
                let open = try OpenListener.open(listener, backlog: settings.backlog)
                ofDataLoops.append(open)
                clients.append(listener.at(open.port))
            }
            let replicas = ConnectionLimits(
                totalMax: Self.replicaConnectionsMax,
                totalRefusal: .init(property: "controller.listener.names"))
            for listener in settings.controllerListeners {
                var open = try OpenListener.open(listener, backlog: settings.backlog)
                open.limits = replicas
                open.deadPeerMs = Self.replicaDeadMs
                ofQuorumLoop.append(open)
                controllers.append(listener.at(open.port))
            }
            let zookeeperClients = ConnectionLimits(
                perAddressMax: settings.broker.zookeeper.connectionsPerAddressMax,
                perAddressRefusal: .init(property: "zookeeper.maxClientCnxns"), within: limits)
            for listener in settings.zookeeperListeners {
                var open = try Self.open(listener, settings.backlog, mayMove: zookeeperMayMove, logger)
                open.limits = zookeeperClients
                ofQuorumLoop.append(open)
                zookeepers.append(listener.at(open.port))
            }
        } catch {
            close()
            throw SettingsProblems(problems: [error])
        }
    }

    /// Before loops run that own them.
    func close() {
        for listener in ofDataLoops + ofQuorumLoop { Glibc.close(listener.descriptor) }
    }

    private static func open(
        _ listener: Listener, _ backlog: Int32, mayMove: Bool, _ logger: Logger
    ) throws(SettingsProblem) -> OpenListener {
        do throws(SettingsProblem) {
            return try OpenListener.open(listener, backlog: backlog, property: "zookeeper.listeners")
        } catch {
            guard mayMove, listener.port != 0 else { throw error }
            logger.notice(
                "The port for ZooKeeper's clients is in use; taking any other.",
                metadata: ["port": "\(listener.port)"])
            return try OpenListener.open(listener.at(0), backlog: backlog, property: "zookeeper.listeners")
        }
    }
}

extension Listener {
    fileprivate func at(_ port: UInt16) -> Listener { Listener(name: name, host: host, port: port) }
}
