import Vocabulary

/// Chooses partitions: by the key's hash, else one partition at a time, each for about a batch of bytes, so that
/// records without key fill batches instead of spreading thin. Source: KIP-480, KIP-794.
struct Partitioner: Sendable {
    private struct Sticky: Sendable { var partition: Int32; var bytes: Int }
    private var sticky: [String: Sticky] = [:]
    private var chance: SeededGenerator
    private let switchBytes: Int

    init(seed: UInt64, switchBytes: Int) {
        chance = SeededGenerator(seed: seed)
        self.switchBytes = switchBytes
    }

    mutating func choose(topic name: String, _ topic: ClusterView.Topic, key: [UInt8]?, bytes: Int) -> Int32 {
        let count = topic.partitions.count
        if let key { return partition(ofKey: key, count: count) }
        var now = sticky[name] ?? Sticky(partition: -1, bytes: 0)
        if now.partition < 0 || now.bytes >= switchBytes || now.partition >= count {
            let led = topic.partitions.indices.filter { topic.partitions[$0].leader != .none }
            let choices = led.isEmpty ? Array(topic.partitions.indices) : led
            now = Sticky(partition: Int32(choices.randomElement(using: &chance)!), bytes: 0)
        }
        now.bytes += bytes
        sticky[name] = now
        return now.partition
    }
}
