import HashTreeCollections
import Metadata
import Testing
import Vocabulary

/// Whatever is asked, in whatever order.
struct RandomCommandsTests {
    @Test(arguments: UInt64(1)...20)
    func `replaying the records from nothing gives the same image`(seed: UInt64) throws {
        var cluster = Cluster(seed: seed)
        var chance = SeededGenerator(seed: seed)
        try cluster.run(.formatCluster(clusterID: "test", features: []))
        for _ in 0..<120 {
            let command = Self.command(cluster, &chance)
            let before = cluster.controller.image
            let decision: MetadataDecision
            do { decision = try cluster.controller.decide(command, at: cluster.now) } catch { continue }
            #expect(cluster.controller.image == before, "deciding changed the image")
            #expect(
                try cluster.controller.decide(command, at: cluster.now) == decision, "deciding twice differs")
            cluster.append(decision.records)
        }

        var replayed = ClusterImage()
        for (index, records) in cluster.log.enumerated() {
            replayed.replay(records, at: Offset(Int64(index)))
        }
        #expect(replayed == cluster.image)
        #expect(cluster.controller.committed == cluster.image)
        let snapshot = ClusterImage(snapshot: cluster.image.snapshotRecords, at: cluster.image.lastOffset)
        #expect(snapshot == cluster.image)
        #expect(cluster.log.count > 30, "seed \(seed) did nothing")
    }

    private static let names = ["a", "b", "c.d", "c_d", "e", ".", "__consumer_offsets", "a b"]

    /// Something to ask that makes sense in this cluster, or nearly.
    static func command(_ cluster: Cluster, _ chance: inout SeededGenerator) -> MetadataCommand {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        func name() -> String { names[pick(0...names.count - 1)] }
        func broker() -> BrokerID { BrokerID(Int32(pick(1...4))) }
        func resource() -> ConfigResource {
            [.topic(name()), .broker(broker()), .brokerDefault][pick(0...2)]
        }
        let validateOnly = pick(0...9) == 0
        let id = broker()
        let epoch = cluster.epoch(id) - (pick(0...9) == 0 ? 1 : 0)
        switch pick(0...15) {
        case 0...2:
            var new = Cluster.broker(id)
            // Mostly another process; else the same one, by a lost answer or with a new session.
            if pick(0...3) > 0 { new.incarnation = UUID128(using: &chance) }
            if pick(0...2) == 0 { new.epoch = cluster.image.nextBrokerEpoch + Int64(pick(-1...9)) }
            new.startsFenced = pick(0...3) == 0
            new.stoppedCleanly = pick(0...1) == 0
            return .registerBroker(new)
        case 3...5:
            let topics = (0...pick(0...2)).map { _ in
                NewTopic(
                    name: name(), partitionCount: Int32(pick(-1...5)), replicationFactor: Int16(pick(-1...4)),
                    configs: pick(0...1) == 0 ? [] : [("min.insync.replicas", "\(pick(0...3))")])
            }
            return .createTopics(topics, validateOnly: validateOnly)
        case 6:
            let ids = cluster.image.topics.keys.sorted()
            return .deleteTopics([pick(0...1) == 0 || ids.isEmpty ? .name(name()) : .id(ids[0])])
        case 7:
            return .createPartitions(
                [NewPartitions(topic: name(), count: Int32(pick(0...9)))], validateOnly: validateOnly)
        case 8...9:
            let values = [
                "min.insync.replicas": "2", "unclean.leader.election.enable": "true", "retention.ms": "7",
            ]
            let key = values.keys.sorted()[pick(0...2)]
            let operation: ConfigAlteration.Operation = pick(0...2) == 0 ? .delete : .set
            return .incrementalAlterConfigs(
                [ConfigAlteration(resource: resource(), changes: [(key, operation, values[key])])],
                validateOnly: validateOnly)
        case 10:
            return .alterConfigs(
                [
                    ConfigReplacement(
                        resource: resource(), values: [("min.insync.replicas", "\(pick(1...3))")])
                ],
                validateOnly: validateOnly)
        case 11: return .fenceBroker(id, epoch: epoch)
        case 12: return .unfenceBroker(id, epoch: epoch)
        case 13: return pick(0...3) == 0 ? .unregisterBroker(id) : .startBrokerShutdown(id, epoch: epoch)
        case 14: return .allocateProducerIDs(id, epoch: epoch)
        default: return proposals(cluster, &chance)
        }
    }

    /// From every leader: a random ISR for each of its partitions.
    private static func proposals(_ cluster: Cluster, _ chance: inout SeededGenerator) -> MetadataCommand {
        let led = cluster.image.partitions.filter { $0.value.leader == 1 }.sorted { $0.key < $1.key }
        let proposals = led.map { key, state in
            PartitionProposal(
                partition: key, leaderEpoch: state.leaderEpoch, partitionEpoch: state.partitionEpoch,
                isr: state.replicas.filter { $0 == 1 || Bool.random(using: &chance) }.map { ($0, -1) })
        }
        return .alterPartitions(1, epoch: cluster.epoch(1), proposals)
    }
}
