package import Vocabulary

/// The topics that each broker showed: its view goes forward only, through restarts too.
package struct BrokerViews {
    package struct Topic: Equatable, Sendable {
        package let id: TopicID
        package let name: String
        package let partitions: Int32

        package init(id: TopicID, name: String, partitions: Int32) {
            self.id = id
            self.name = name
            self.partitions = partitions
        }
    }
    private struct Key: Hashable {
        let broker: Int
        let id: TopicID
    }
    private struct Shown {
        var firstAt: Instant
        var partitions: Int32
        var partitionsAt: Instant
        /// When it was first told without the topic.
        var goneAt: Instant?
    }
    private var shown: [Key: Shown] = [:]
    private var ids: [Int: [TopicID]] = [:]
    private var names: [TopicID: String] = [:]

    package init() {}

    /// A topic was made: its id is nobody else's.
    /// - Returns: what is wrong, in words.
    package mutating func made(_ id: TopicID, _ name: String) -> String? {
        if let other = names.updateValue(name, forKey: id), other != name {
            return "topic id \(id) is \(other)'s and \(name)'s"
        }
        return nil
    }

    /// A broker told of all its topics.
    /// - Returns: what is wrong, in words.
    package mutating func saw(
        _ topics: [Topic], of broker: Int, askedAt asked: Instant, answeredAt now: Instant
    ) -> String? {
        for topic in topics {
            if let wrong = made(topic.id, topic.name) { return "broker \(broker): \(wrong)" }
            let key = Key(broker: broker, id: topic.id)
            guard var known = shown[key] else {
                shown[key] = Shown(firstAt: now, partitions: topic.partitions, partitionsAt: now)
                ids[broker, default: []].append(topic.id)
                continue
            }
            if let gone = known.goneAt, gone < asked {
                return
                    "broker \(broker) shows \(topic.name) with id \(topic.id), which it had shown to be gone"
            }
            if topic.partitions < known.partitions, known.partitionsAt < asked {
                return
                    "broker \(broker) shows \(topic.partitions) partitions of \(topic.name), had shown \(known.partitions)"
            }
            if topic.partitions > known.partitions {
                (known.partitions, known.partitionsAt) = (topic.partitions, now)
            }
            shown[key] = known
        }
        let there = Set(topics.map(\.id))
        for id in ids[broker] ?? [] where !there.contains(id) {
            let key = Key(broker: broker, id: id)
            if shown[key]!.firstAt < asked, shown[key]!.goneAt == nil { shown[key]!.goneAt = now }
        }
        return nil
    }
}
