// The quorum that keeps the cluster's metadata: Kafka's names and defaults (KIP-595, KIP-631, KIP-853). And ZooKeeper's
// protocol: ZooKeeper's names behind `zookeeper.`, with its defaults (its 3.9 administrator's guide) unless marked.
extension ConfigCatalogue {
    mutating func addBrokerQuorum() {
        add(
            "process.roles", .list, "broker,controller", .listOf(["broker", "controller"]), .high,
            does: "With controller the broker may be a voter of the quorum; without it, it observes.")
        add(
            "controller.listener.names", .list, "", .any, .high,
            does:
                "Those of 'listeners' that are for the quorum's replicas and not for clients; CONTROLLER by custom. Their "
                + "protocol is PLAINTEXT unless listener.security.protocol.map says otherwise.")
        add(
            "controller.quorum.voters", .list, "", .any, .high,
            does:
                "Where the voters listen: id@host:port, separated by commas. Used to find the quorum; who votes is what "
                + "'needletail format' wrote and what was changed since.")
        add(
            "controller.quorum.bootstrap.servers", .list, "", .any, .high,
            does:
                "Where some of the quorum's members listen: host:port, separated by commas. Used to find the quorum."
        )
        add(
            "controller.quorum.election.timeout.ms", .int, "1000", .atLeast(50), .high,
            does:
                "How long, and by chance up to twice as long, a voter hears nothing of a leader before it stands for "
                + "election.")
        add(
            "broker.heartbeat.interval.ms", .int, "2000", .atLeast(1), .medium,
            does: "How often a broker tells that it is there.")
        add(
            "broker.session.timeout.ms", .int, "9000", .atLeast(1), .medium,
            does: "After how long a silent broker is fenced.")
        add(
            "controller.quorum.fetch.timeout.ms", .int, "2000", .atLeast(0), .high, .later,
            does: "How long a voter waits for the leader's answer to a fetch. Here leaders send, and "
                + "controller.quorum.election.timeout.ms says how long they may be silent.")
        add(
            "controller.quorum.auto.join.enable", .boolean, "false", .any, .low, .later,
            does: "Whether a broker that may vote and does not asks to become a voter.")
        add(
            "controller.quorum.election.backoff.max.ms", .int, "1000", .atLeast(0), .high, .later,
            does:
                "How long a failed candidate waits at most. Here each waits by chance up to the election timeout."
        )
        add(
            "controller.quorum.append.linger.ms", .int, "25", .atLeast(0), .medium, .later,
            does: "How long the leader gathers records. Here it gathers while a sync is under way.")
        add(
            "controller.quorum.request.timeout.ms", .int, "2000", .atLeast(0), .medium, .later,
            does: "How long a voter waits for an answer.")
        add(
            "controller.quorum.retry.backoff.ms", .int, "20", .atLeast(0), .low, .later,
            does: "The pause before a retry.")
        add(
            "initial.broker.registration.timeout.ms", .int, "60000", .atLeast(1), .medium, .later,
            does: "How long a broker tries to register at its start.")
    }

    mutating func addBrokerMetadataLog() {
        add(
            "metadata.log.max.record.bytes.between.snapshots", .long, "20971520", .atLeast(1), .high,
            does: "After how many bytes of records in the metadata log a snapshot is taken.")
        add(
            "metadata.log.max.snapshot.interval.ms", .long, "3600000", .atLeast(0), .high,
            does: "After how long a snapshot is taken, when anything has changed; 0 is never.")
        add("metadata.log.dir", .string, nil, .any, .high, .later, does: "Where the metadata log lies.")
        add(
            "metadata.log.segment.bytes", .int, "1073741824", .atLeast(8_388_608), .high, .later,
            does: "How large a segment of the metadata log grows.")
        add(
            "metadata.log.segment.ms", .long, "604800000", .atLeast(0), .high, .later,
            does: "How old a segment of the metadata log grows.")
        add(
            "metadata.max.retention.bytes", .long, "104857600", .any, .high, .later,
            does: "How many bytes of the metadata log and its snapshots are kept.")
        add(
            "metadata.max.retention.ms", .long, "604800000", .any, .high, .later,
            does: "How long the metadata log and its snapshots are kept.")
        add(
            "metadata.max.idle.interval.ms", .int, "500", .atLeast(0), .low, .later,
            does: "How often an idle leader writes an empty record.")
    }

    mutating func addZooKeeper() {
        add(
            "zookeeper.listeners", .list, "", .any, .high,
            does:
                "Ours: where ZooKeeper's clients connect: host:port, separated by commas; empty for nowhere.")
        add(
            "zookeeper.tickTime", .int, "2000", .atLeast(1), .medium,
            does: "Milliseconds of a tick: session timeouts are bounded by 2 and 20 of them.")
        add(
            "zookeeper.minSessionTimeout", .int, "-1", .atLeast(-1), .medium,
            does: "The shortest session timeout in milliseconds; -1 is 2 ticks.")
        add(
            "zookeeper.maxSessionTimeout", .int, "-1", .atLeast(-1), .medium,
            does: "The longest session timeout in milliseconds; -1 is 20 ticks.")
        add(
            "zookeeper.maxClientCnxns", .int, "60", .atLeast(0), .medium,
            does: "How many of ZooKeeper's clients one address has connected at once; 0 is without limit.")
        add(
            "zookeeper.jute.maxbuffer", .int, "1048575", .range(1024, 1 << 30), .medium,
            does: "The most bytes of one request of ZooKeeper's protocol; a node's data is less by a little.")
        add(
            "zookeeper.globalOutstandingLimit", .int, "1000", .atLeast(1), .medium,
            does:
                "How many requests of ZooKeeper's clients may wait for their answer before no more are read.")
        add(
            "zookeeper.4lw.commands.whitelist", .list, "srvr", .any, .medium,
            does: "Which four-letter words are answered, separated by commas; * for all.")
        add(
            "zookeeper.reconfigEnabled", .boolean, "false", .any, .medium,
            does: "Whether ZooKeeper's clients may change the quorum.")
        add(
            "zookeeper.readonlymode.enabled", .boolean, "false", .any, .medium,
            does: "Whether a broker that cannot reach the quorum serves reads to clients that agree to it.")
        add(
            "zookeeper.extendedTypesEnabled", .boolean, "true", .any, .low,
            does: "Whether nodes can have a time to live. True is our default; ZooKeeper's is false.")
        add(
            "zookeeper.enforceQuota", .boolean, "true", .any, .low,
            does:
                "Whether writes above a node's quota are refused; else they are only logged. True is our default; ZooKeeper's "
                + "is false.")
        add(
            "zookeeper.znode.container.checkIntervalMs", .int, "60000", .atLeast(1), .low,
            does: "How often containers that are empty and nodes whose time is over are removed.")
        add(
            "zookeeper.skipACL", .string, "no", .oneOf(["no", "yes", "false", "true"]), .low,
            does: "With yes every client may do everything, whatever the nodes' ACLs say.")
        add(
            "zookeeper.DigestAuthenticationProvider.superDigest", .password, nil, .any, .low,
            does:
                "super:digest of a user who may do everything; the digest is base64 of SHA-1 of super:password."
        )
    }
}
