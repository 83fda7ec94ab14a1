import Vocabulary

// What takes effect when there are several brokers, groups, transactions and security.
extension ConfigCatalogue {
    mutating func addBrokerReplication() {
        add(
            "min.insync.replicas", .int, "1", .atLeast(1), .high, reach: .clusterWide,
            does: "The default of the topics' min.insync.replicas.")
        add(
            "unclean.leader.election.enable", .boolean, "false", .any, .high, reach: .clusterWide,
            does: "The default of the topics' unclean.leader.election.enable.")
        add(
            "unclean.leader.election.interval.ms", .long, "300000", .atLeast(1), .high, .later,
            does: "How often partitions without a leader are looked for.")
        add(
            "replica.lag.time.max.ms", .long, "30000", .any, .high, .later,
            does: "After how long a follower that has not caught up is out of sync.")
        add(
            "replica.fetch.min.bytes", .int, "1", .any, .high, .later,
            does: "What a follower's fetch waits for.")
        add(
            "replica.fetch.wait.max.ms", .int, "500", .any, .high, .later,
            does: "How long a follower's fetch waits.")
        add(
            "replica.fetch.max.bytes", .int, "1048576", .atLeast(0), .medium, .later,
            does: "What a follower asks of one partition at once.")
        add(
            "replica.fetch.response.max.bytes", .int, "10485760", .atLeast(0), .medium, .later,
            does: "What a follower asks for at once.")
        add(
            "replica.fetch.backoff.ms", .int, "1000", .atLeast(0), .medium, .later,
            does: "The pause after a follower's fetch that failed.")
        add(
            "replica.socket.timeout.ms", .int, "30000", .any, .high, .later,
            does: "How long a follower waits for an answer.")
        add(
            "replica.socket.receive.buffer.bytes", .int, "65536", .any, .high, .later,
            does: "SO_RCVBUF of followers.")
        add(
            "replica.high.watermark.checkpoint.interval.ms", .long, "5000", .any, .high,
            does: "How often it is written down how far partitions are committed.")
        add(
            "replica.selector.class", .class, nil, .any, .medium, .later,
            does: "Which replica a consumer reads from (KIP-392).")
        add(
            "num.replica.fetchers", .int, "1", .any, .high, reach: .clusterWide, .later,
            does: "Connections to each leader that followers fetch by.")
        add(
            "num.replica.alter.log.dirs.threads", .int, nil, .any, .high, .later,
            does: "Threads that move replicas between directories.")
        add(
            "auto.leader.rebalance.enable", .boolean, "true", .any, .high, .later,
            does: "Whether preferred leaders are put back by and by.")
        add(
            "leader.imbalance.check.interval.seconds", .long, "300", .atLeast(1), .high, .later,
            does: "How often that is looked after.")
        add(
            "leader.imbalance.per.broker.percentage", .int, "10", .any, .high, .later,
            does: "How much of a broker's leadership may lie elsewhere.")
        add(
            "controlled.shutdown.enable", .boolean, "true", .any, .medium, .later,
            does: "Whether leadership moves away before a broker stops.")
        for side in ["leader", "follower", "alter.log.dirs"] {
            let name =
                side == "alter.log.dirs" ? "replica.alter.log.dirs.io" : "\(side).replication.throttled"
            let rate = side == "alter.log.dirs" ? "\(name).max.bytes.per.second" : "\(name).rate"
            add(
                rate, .long, "9223372036854775807", .atLeast(0), .medium, reach: .perBroker, .later,
                does: "How many bytes a second throttled replicas move.")
        }
        add(
            "replication.quota.window.num", .int, "11", .atLeast(1), .low, .later,
            does: "Windows kept for replication quotas.")
        add(
            "replication.quota.window.size.seconds", .int, "1", .atLeast(1), .low, .later,
            does: "The span of such a window.")
    }

    mutating func addBrokerGroups() {
        addGroupNumbers()
        add(
            "group.coordinator.rebalance.protocols", .list, "classic,consumer,streams",
            .listOf(["classic", "consumer", "share", "streams"]), .medium, .later,
            does: "Which kinds of groups are served.")
        add(
            "group.consumer.assignors", .list, "uniform,range", .nonEmpty, .medium, .later,
            does: "How partitions are dealt out to the members of consumer groups.")
        add(
            "group.consumer.migration.policy", .string, "bidirectional",
            .oneOf(["bidirectional", "upgrade", "downgrade", "disabled"]), .medium, .later,
            does: "Between which kinds a group may change while it runs.")
        add(
            "offsets.topic.compression.codec", .int, "0", .range(0, 4), .high, .later,
            does: "The codec of the offsets topic: 0 is none.")
        add(
            "transaction.partition.verification.enable", .boolean, "true", .any, .low, reach: .clusterWide,
            .later,
            does: "Whether a partition checks with the coordinator that a transaction covers it.")
        add(
            "transaction.two.phase.commit.enable", .boolean, "false", .any, .low, .later,
            does: "Whether producers may leave transactions open without a time limit (KIP-939).")
    }

    /// Name, default, least value, what it is. All are integers that take effect with groups and transactions.
    private mutating func addGroupNumbers() {
        let numbers: [(name: String, type: ConfigType, value: String, least: Int64, what: String)] = [
            (
                "group.min.session.timeout.ms", .int, "6000", 0,
                "The shortest session a member of a group may ask for."
            ),
            (
                "group.max.session.timeout.ms", .int, "1800000", 0,
                "The longest session a member of a group may ask for."
            ),
            (
                "group.initial.rebalance.delay.ms", .int, "3000", 0,
                "How long a new group waits for more members."
            ),
            ("group.max.size", .int, "2147483647", 1, "How many members a group may have."),
            ("group.coordinator.threads", .int, "4", 1, "Threads of Kafka's coordinator; not used here."),
            (
                "group.coordinator.append.linger.ms", .int, "5", -1,
                "How long the coordinator gathers records."
            ),
            (
                "group.consumer.session.timeout.ms", .int, "45000", 1,
                "When a silent consumer is out (KIP-848)."
            ),
            ("group.consumer.min.session.timeout.ms", .int, "45000", 1, "The least of that."),
            ("group.consumer.max.session.timeout.ms", .int, "60000", 1, "The most of that."),
            ("group.consumer.heartbeat.interval.ms", .int, "5000", 1, "How often a consumer is heard of."),
            ("group.consumer.min.heartbeat.interval.ms", .int, "5000", 1, "The least of that."),
            ("group.consumer.max.heartbeat.interval.ms", .int, "15000", 1, "The most of that."),
            ("group.consumer.max.size", .int, "2147483647", 1, "How many members a consumer group may have."),
            (
                "group.share.session.timeout.ms", .int, "45000", 1,
                "When a silent share consumer is out (KIP-932)."
            ),
            ("group.share.heartbeat.interval.ms", .int, "5000", 1, "How often a share consumer is heard of."),
            ("group.share.max.size", .int, "200", 1, "How many members a share group may have."),
            ("group.share.delivery.count.limit", .int, "5", 2, "How often a record is tried."),
            (
                "group.share.record.lock.duration.ms", .int, "30000", 1000,
                "How long a record is held for a consumer."
            ),
            ("group.share.min.record.lock.duration.ms", .int, "15000", 1000, "The least of that."),
            ("group.share.max.record.lock.duration.ms", .int, "60000", 30000, "The most of that."),
            (
                "group.share.partition.max.record.locks", .int, "2000", 100,
                "How many records of a partition are held at once."
            ),
            (
                "share.coordinator.state.topic.num.partitions", .int, "50", 1,
                "Partitions of the share state topic."
            ),
            (
                "share.coordinator.state.topic.replication.factor", .short, "3", 1,
                "Replicas of the share state topic."
            ),
            (
                "share.coordinator.state.topic.min.isr", .short, "2", 1,
                "min.insync.replicas of the share state topic."
            ),
            (
                "share.coordinator.state.topic.segment.bytes", .int, "104857600", 1_048_576,
                "segment.bytes of the share state topic."
            ),
            ("offsets.topic.num.partitions", .int, "50", 1, "Partitions of the offsets topic."),
            ("offsets.topic.replication.factor", .short, "3", 1, "Replicas of the offsets topic."),
            (
                "offsets.topic.segment.bytes", .int, "104857600", 1_048_576,
                "segment.bytes of the offsets topic."
            ),
            ("offsets.retention.minutes", .int, "10080", 1, "How long an empty group's offsets are kept."),
            ("offsets.retention.check.interval.ms", .long, "600000", 1, "How often that is looked after."),
            ("offsets.load.buffer.size", .int, "5242880", 1, "Memory for reading the offsets topic."),
            ("offsets.commit.timeout.ms", .int, "5000", 1, "How long a commit waits for the replicas."),
            ("offset.metadata.max.bytes", .int, "4096", 0, "The most a client may note beside an offset."),
            ("transaction.max.timeout.ms", .int, "900000", 1, "The longest transaction."),
            (
                "transactional.id.expiration.ms", .int, "604800000", 1,
                "How long an unused transactional id is kept."
            ),
            (
                "transaction.abort.timed.out.transaction.cleanup.interval.ms", .int, "10000", 1,
                "How often late transactions are ended."
            ),
            (
                "transaction.remove.expired.transaction.cleanup.interval.ms", .int, "3600000", 1,
                "How often unused ids are removed."
            ),
            ("transaction.state.log.num.partitions", .int, "50", 1, "Partitions of the transaction topic."),
            (
                "transaction.state.log.replication.factor", .short, "3", 1,
                "Replicas of the transaction topic."
            ),
            ("transaction.state.log.min.isr", .int, "2", 1, "min.insync.replicas of the transaction topic."),
            (
                "transaction.state.log.segment.bytes", .int, "104857600", 1_048_576,
                "segment.bytes of the transaction topic."
            ),
            (
                "transaction.state.log.load.buffer.size", .int, "5242880", 1,
                "Memory for reading the transaction topic."
            ),
        ]
        for number in numbers {
            add(
                number.name, number.type, number.value, .atLeast(number.least), .medium, .later,
                does: number.what)
        }
    }

    /// Accepted so that a configuration file for Kafka can be read; also behind `listener.name.<name>.`.
    mutating func addBrokerSecurity() {
        let texts: [(name: String, type: ConfigType, value: String?, what: String)] = [
            ("ssl.keystore.type", .string, "JKS", "The format of the key store."),
            ("ssl.keystore.location", .string, nil, "The key store."),
            ("ssl.keystore.password", .password, nil, "The key store's password."),
            ("ssl.keystore.key", .password, nil, "The private key, PEM."),
            ("ssl.keystore.certificate.chain", .password, nil, "The certificates, PEM."),
            ("ssl.key.password", .password, nil, "The private key's password."),
            ("ssl.truststore.type", .string, "JKS", "The format of the trust store."),
            ("ssl.truststore.location", .string, nil, "The trust store."),
            ("ssl.truststore.password", .password, nil, "The trust store's password."),
            ("ssl.truststore.certificates", .password, nil, "The trusted certificates, PEM."),
            ("ssl.protocol", .string, "TLSv1.3", "The version of TLS."),
            ("ssl.enabled.protocols", .list, "TLSv1.2,TLSv1.3", "The versions of TLS that pass."),
            ("ssl.cipher.suites", .list, "", "The cipher suites that pass; empty for the library's own."),
            (
                "ssl.client.auth", .string, "none",
                "Whether clients show a certificate: none, requested, required."
            ),
            ("ssl.endpoint.identification.algorithm", .string, "https", "How a server's name is checked."),
            ("ssl.principal.mapping.rules", .string, "DEFAULT", "How a certificate's name becomes a user's."),
            ("sasl.enabled.mechanisms", .list, "GSSAPI", "The SASL mechanisms that pass."),
            ("sasl.mechanism.inter.broker.protocol", .string, "GSSAPI", "The SASL mechanism among brokers."),
            ("sasl.mechanism.controller.protocol", .string, "GSSAPI", "The SASL mechanism with controllers."),
            ("sasl.jaas.config", .password, nil, "Users and passwords, in the form of JAAS."),
            ("sasl.server.callback.handler.class", .class, nil, "A class that checks users; none here."),
            ("connections.max.reauth.ms", .long, "0", "After how long a client must authenticate again."),
            ("sasl.server.max.receive.size", .int, "524288", "The largest message of an authentication."),
            ("authorizer.class.name", .string, "", "The class that judges who may do what."),
            ("super.users", .string, "", "Users who may do everything, separated by semicolons."),
            (
                "allow.everyone.if.no.acl.found", .boolean, "false",
                "Whether what no rule speaks of is allowed."
            ),
            ("principal.builder.class", .class, nil, "A class that names users; none here."),
            ("delegation.token.secret.key", .password, nil, "The secret that tokens are signed by."),
            ("delegation.token.max.lifetime.ms", .long, "604800000", "How long a token can be renewed."),
            ("delegation.token.expiry.time.ms", .long, "86400000", "How long a token is good for."),
            (
                "delegation.token.expiry.check.interval.ms", .long, "3600000",
                "How often old tokens are removed."
            ),
        ]
        for text in texts {
            add(text.name, text.type, text.value, .any, .medium, reach: .perBroker, .later, does: text.what)
        }
    }
}
