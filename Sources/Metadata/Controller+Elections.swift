import HashTreeCollections
import Vocabulary

// Which partitions change when brokers come and go.
extension Controller {
    /// Settles all partitions with a replica on `broker`, as the draft's brokers now stand.
    ///
    /// - Parameter leaves: whether its replica leaves the ISR.
    func settlePartitions(
        on broker: BrokerID, in draft: inout Draft, restartedUnclean: Bool = false,
        leaves: (PartitionState) -> Bool
    ) {
        let touched = draft.image.partitions.filter { _, state in
            state.replicas.contains(broker) && (state.leader == .none || leaves(state))
        }
        var rules = RulesByTopic(effective(draft.image), restartedUnclean: restartedUnclean ? broker : nil)
        for (key, state) in touched.sorted(by: { $0.key < $1.key }) {
            let isr = leaves(state) ? state.isr.filter { $0 != broker } : state.isr
            settle(key, state, isr: isr, rules[key.topic], in: &draft)
        }
    }

    /// Settles what the two configurations that rule elections may have changed: partitions without a leader, and
    /// leaders that are eligible by an ISR that was too small and no longer is.
    func settlePartitions(onlyTopic name: String?, in draft: inout Draft) {
        let only = name.flatMap { draft.image.topicIDs[$0] }
        let touched = draft.image.partitions.filter { key, state in
            (only == nil || only == key.topic) && (state.leader == .none || !state.eligibleLeaders.isEmpty)
        }
        var rules = RulesByTopic(effective(draft.image), restartedUnclean: nil)
        for (key, state) in touched.sorted(by: { $0.key < $1.key }) {
            settle(key, state, isr: state.isr, rules[key.topic], in: &draft)
        }
    }

    func settle(
        _ key: TopicIDPartition, _ state: PartitionState, isr: [BrokerID], _ rules: ElectionRules,
        in draft: inout Draft
    ) {
        let new = state.settled(isr: isr, rules)
        if let change = PartitionChange(from: state, to: new) { draft.add(.partitionChanged(key, change)) }
    }

    /// The rules of each topic, looked up once.
    struct RulesByTopic {
        private let image: ClusterImage
        private let defaults: TopicSettings
        private let restartedUnclean: BrokerID?
        private var known: [TopicID: ElectionRules] = [:]

        init(_ configs: EffectiveConfigs, restartedUnclean: BrokerID?) {
            image = configs.image
            defaults = configs.topicDefaults()
            self.restartedUnclean = restartedUnclean
        }

        subscript(id: TopicID) -> ElectionRules {
            mutating get {
                if let rules = known[id] { return rules }
                let brokers = image.brokers
                let values = image.config(.topic(image.topics[id]?.name ?? ""))
                let settings = defaults.overridden(by: values)
                let rules = ElectionRules(
                    isLive: { brokers[$0]?.holdsReplicas(in: $1) == true },
                    canStay: { brokers[$0].map { !$0.isFenced } == true && brokers[$0]?.has($1) == true },
                    inSyncMin: Int(settings.minInSyncReplicas),
                    allowsUnclean: settings.allowsUncleanElection,
                    restartedUnclean: restartedUnclean)
                known[id] = rules
                return rules
            }
        }
    }
}

extension BrokerRegistration {
    /// Whether a replica in that directory can lead: the broker is there, and so is the directory.
    func holdsReplicas(in directory: UUID128) -> Bool { isActive && has(directory) }

    func has(_ directory: UUID128) -> Bool {
        switch directory {
        case ReplicaDirectory.unassigned, ReplicaDirectory.migrating: directories != [ReplicaDirectory.lost]
        case ReplicaDirectory.lost: false
        default: directories.isEmpty || directories.contains(directory)
        }
    }
}
