import Vocabulary

// The broker's own configurations: Kafka's names and defaults (its 4.4 configuration pages), and ours where marked.
extension ConfigCatalogue {
    mutating func addBrokerBasics() {
        add("node.id", .int, "1", .atLeast(0), .high, does: "This broker's id in its cluster.")
        add("broker.id", .int, nil, .atLeast(-1), .high, does: "An older name of node.id.")
        add(
            "cluster.id", .string, nil, .nonEmpty, .medium,
            does: "Ours: the cluster's id, if a new one is not to be drawn at the first start.")
        add(
            "broker.rack", .string, nil,
            does: "Where the broker stands: replicas of a partition go to different racks.")
        add(
            "http.listener", .string, "127.0.0.1:8080",
            does: "Ours: host:port of the console, /metrics and /health; empty for none.")
        add(
            "num.partitions", .int, "1", .atLeast(1),
            does: "How many partitions a topic gets when its creator does not say.")
        add(
            "default.replication.factor", .int, "1", .atLeast(1),
            does: "How many replicas a topic gets when its creator does not say.")
        add(
            "auto.create.topics.enable", .boolean, "true", .any, .high,
            does: "Whether a client that asks for a topic that is not there gets one.")
        add(
            "delete.topic.enable", .boolean, "true", .any, .high, does: "Whether topics can be deleted.")
        add(
            "create.topic.policy.class.name", .class, nil, .any, .low, .later,
            does: "A class that judges new topics; there is none here.")
        add(
            "alter.config.policy.class.name", .class, nil, .any, .low, .later,
            does: "A class that judges changes of configuration; there is none here.")
        add(
            "producer.id.expiration.ms", .int, "86400000", .atLeast(1), .low, reach: .clusterWide,
            does: "How long a partition remembers an idempotent producer that is silent.")
        add(
            "producer.id.expiration.check.interval.ms", .int, "600000", .atLeast(1), .low, .later,
            does: "How often forgotten producers are looked for; here as often as old data.")
        add(
            "background.threads", .int, "10", .atLeast(1), .high, reach: .clusterWide, .later,
            does: "Threads for background work; this broker sizes its pools itself.")
        add(
            "request.timeout.ms", .int, "30000", .atLeast(0), .high, .later,
            does: "How long a broker waits for another's answer.")
        add(
            "metric.reporters", .list, "", .any, .low, reach: .clusterWide, .later,
            does: "Classes that carry metrics away; here they are served over HTTP.")
    }

    mutating func addBrokerNetwork() {
        add(
            "listeners", .list, "PLAINTEXT://:9092", .nonEmpty, .high,
            does: "Where the broker listens: NAME://host:port, separated by commas.")
        add(
            "advertised.listeners", .list, nil, .any, .high,
            does: "Where clients find the broker, if not where it listens.")
        add(
            "listener.security.protocol.map", .list,
            "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", .any, .low, does: "The security protocol behind each listener's name.")
        add(
            "inter.broker.listener.name", .string, nil, .any, .medium, .later,
            does: "The listener that brokers use among themselves.")
        add(
            "security.inter.broker.protocol", .string, "PLAINTEXT",
            .oneOf(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), .medium, .later,
            does: "The security protocol that brokers use among themselves.")
        add(
            "early.start.listeners", .list, nil, .any, .medium, .later,
            does: "Listeners that open before the broker is ready.")
        add(
            "num.network.threads", .int, "0", .atLeast(0), .high,
            does: "Data loops, each a thread that owns its connections; 0, our default, is one for each core."
        )
        add(
            "num.io.threads", .int, "8", .atLeast(1), .high, reach: .clusterWide, .later,
            does: "Kafka's request threads. Here the data loops do that work.")
        add(
            "queued.max.requests", .int, "500", .atLeast(1), .high, .later,
            does: "How many requests may wait before sockets are read no further. Here requests are served as they "
                + "are read, and a connection whose answers are not taken is read no further.")
        add(
            "queued.max.request.bytes", .long, "-1", .atLeast(-1), .medium, .later,
            does:
                "How many bytes of requests may wait before sockets are read no further; -1 is without limit."
        )
        add(
            "socket.request.max.bytes", .int, "104857600", .atLeast(1), .high, does: "The largest request.")
        add(
            "socket.send.buffer.bytes", .int, "-1", .atLeast(-1), .high,
            does: "SO_SNDBUF of connections; -1, our default, leaves it to the system, which sizes it as needed "
                + "(Kafka's is 102400).")
        add(
            "socket.receive.buffer.bytes", .int, "-1", .atLeast(-1), .high,
            does: "SO_RCVBUF of connections; -1, our default, leaves it to the system, which sizes it as needed "
                + "(Kafka's is 102400).")
        add(
            "socket.listen.backlog.size", .int, "50", .atLeast(1),
            does: "How many connections the system may hold before they are accepted.")
        add(
            "max.connections", .int, "2147483647", .atLeast(0),
            does: "How many connections the broker has at once.")
        add(
            "max.connections.per.ip", .int, "2147483647", .atLeast(0),
            does: "How many connections one address has at once.")
        add(
            "max.connections.per.ip.overrides", .string, "", .any,
            does: "Other limits for some addresses: address:count, separated by commas.")
        add(
            "max.connection.creation.rate", .int, "2147483647", .atLeast(0), reach: .clusterWide, .later,
            does: "How many connections may be opened in a second.")
        add(
            "connections.max.idle.ms", .long, "600000", .any,
            does: "After how long without a request a connection is closed; negative is never.")
        add(
            "connection.failed.authentication.delay.ms", .int, "100", .atLeast(0), .low, .later,
            does: "How long a connection that failed to authenticate is kept waiting before it is closed.")
        add(
            "fetch.max.bytes", .int, "57671680", .atLeast(1024),
            does: "The most bytes one fetch is answered with.")
        add(
            "max.incremental.fetch.session.cache.slots", .int, "1000", .atLeast(0),
            does: "How many fetch sessions are remembered (KIP-227).")
        add(
            "max.request.partition.size.limit", .int, "2000", .atLeast(1),
            does: "How many partitions one description lists.")
    }

    mutating func addBrokerLater() {
        add(
            "server.max.startup.time.ms", .long, "9223372036854775807", .atLeast(0), .medium, .later,
            does: "How long a start may take.")
        add(
            "controller.quota.window.num", .int, "11", .atLeast(1), .low, .later,
            does: "Windows kept for admin quotas.")
        add(
            "controller.quota.window.size.seconds", .int, "1", .atLeast(1), .low, .later,
            does: "The span of such a window.")
        add(
            "quota.window.num", .int, "11", .atLeast(1), .low, .later, does: "Windows kept for client quotas."
        )
        add(
            "quota.window.size.seconds", .int, "1", .atLeast(1), .low, .later,
            does: "The span of such a window.")
        add(
            "client.quota.callback.class", .class, nil, .any, .low, .later,
            does: "A class that sets quotas; none here.")
        add(
            "metrics.num.samples", .int, "2", .atLeast(1), .low, .later,
            does: "Samples kept by Kafka's metrics.")
        add(
            "metrics.sample.window.ms", .long, "30000", .atLeast(0), .low, .later,
            does: "The span of a sample.")
        add(
            "metrics.recording.level", .string, "INFO", .oneOf(["INFO", "DEBUG", "TRACE"]), .low, .later,
            does: "How much Kafka's metrics record.")
        add(
            "telemetry.max.bytes", .int, "1048576", .atLeast(1), .low, .later,
            does: "The largest telemetry of a client.")
    }
}
