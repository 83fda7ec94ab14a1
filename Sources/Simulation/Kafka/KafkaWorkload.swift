import Vocabulary

/// What all Kafka clients of a run know together, and hold the brokers to.
package final class KafkaWorkload {
    package let world: World
    package let options: KafkaOptions
    var history = TopicHistory()
    var ledger = PartitionLedger()
    var views = BrokerViews()
    private var nextValue: Int64 = 1
    /// Topics as a broker told them last: whom to ask for what.
    var topics: [String: KnownTopic] = [:]
    private var producerIDs: Set<Int64> = []
    package private(set) var counters = KafkaCounters()

    struct KnownTopic {
        let id: TopicID
        /// By partition; nil where nobody leads.
        let leaders: [HostID?]
    }

    package init(world: World, options: KafkaOptions) {
        self.world = world
        self.options = options
    }

    func takeValue() -> Int64 {
        defer { nextValue += 1 }
        return nextValue
    }

    /// - Returns: what is wrong, in words.
    func giveProducerID(_ id: Int64) -> String? {
        producerIDs.insert(id).inserted ? nil : "producer id \(id) was given to another"
    }

    func count(_ what: WritableKeyPath<KafkaCounters, Int>, _ more: Int = 1) {
        counters[keyPath: what] += more
    }

    /// - Parameter wrong: what breaks the rule, in words; nil: nothing does.
    func hold(_ rule: String, client: Int, _ wrong: String?) {
        if let wrong { world.fail(rule, "Kafka client \(client): \(wrong)") }
    }

    /// The rules that need the whole history.
    /// - Returns: how many parts of it were too entangled to decide.
    package func checkAll() -> Int {
        let (violation, undecided) = history.check()
        if let violation { world.fail("topics are linearizable", violation) }
        return undecided
    }
}

/// What Kafka clients of a run do; drawn from its seed.
package struct KafkaOptions: Sendable {
    package var clients = 0
    /// Names that all of them create, change and delete.
    package var topics = 3
    /// Between a client's requests, in milliseconds, on average.
    package var pauseMs = 60
    package var deletes = true
    package var addsPartitions = true
    package var altersConfigs = true
    package var produces = true
    /// Topics go by their ids where requests can say so.
    package var usesIDs = true
    /// Producers number their batches, and ask again until they know what became of one.
    package var isIdempotent = false

    package init() {}

    static func drawn(from chance: inout SeededGenerator) -> KafkaOptions {
        var options = KafkaOptions()
        options.clients = chance.once(in: 2) ? Int.random(in: 1...2, using: &chance) : 0
        options.topics = Int.random(in: 1...4, using: &chance)
        options.pauseMs = [20, 60, 150].randomElement(using: &chance)!
        options.deletes = !chance.once(in: 4)
        options.addsPartitions = !chance.once(in: 3)
        options.altersConfigs = !chance.once(in: 3)
        options.produces = !chance.once(in: 5)
        options.usesIDs = chance.once(in: 2)
        return options
    }

    func name(_ index: Int) -> String { "topic.\(index)" }
    var names: [String] { (0..<topics).map(name) }
}

/// What a run's Kafka clients went through.
package struct KafkaCounters: Equatable, Sendable {
    package var answered = 0
    package var lost = 0
    package var created = 0
    package var deleted = 0
    /// Records acknowledged, and records read.
    package var produced = 0
    package var fetched = 0

    package init() {}
}
