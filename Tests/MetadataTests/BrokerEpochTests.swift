import Metadata
import Testing
import Vocabulary

/// Epochs that are counted elsewhere: the zxids of the brokers' znodes.
struct BrokerEpochTests {
    private func broker(_ id: BrokerID, epoch: Int64, run: UInt64 = 0, cleanly: Bool = true) -> NewBroker {
        var new = Cluster.broker(id, nil, false, cleanly, run)
        new.epoch = epoch
        return new
    }

    @Test func `a broker gets the epoch it brings, and who brings none gets the next`() throws {
        var cluster = try Cluster.of(1)
        #expect(try cluster.run(.registerBroker(broker(2, epoch: 70))) == .brokerRegistered(epoch: 70))
        #expect(cluster.epoch(2) == 70)
        #expect(cluster.image.nextBrokerEpoch == 71)
        #expect(try cluster.start(3) == 71)
        #expect(try cluster.run(.registerBroker(broker(4, epoch: 72))) == .brokerRegistered(epoch: 72))
    }

    @Test(arguments: [.min, -1, 0, 69, 70] as [Int64])
    func `an epoch that is not above all before is refused, whichever broker had it`(epoch: Int64) throws {
        var cluster = try Cluster.of(1)
        try cluster.run(.registerBroker(broker(2, epoch: 70)))
        for id in [2, 3] as [BrokerID] {
            #expect(
                throws: MetadataError(
                    .staleBrokerEpoch,
                    "Broker \(id) cannot register with broker epoch \(epoch): the next broker epoch is 71 or above."
                )
            ) {
                try cluster.run(.registerBroker(broker(id, epoch: epoch, run: 1)))
            }
        }
    }

    @Test func `the last epoch of all is refused: no other could follow`() throws {
        var cluster = try Cluster.of(1)
        #expect(throws: MetadataError.self) { try cluster.run(.registerBroker(broker(2, epoch: .max))) }
        #expect(
            try cluster.run(.registerBroker(broker(2, epoch: .max - 1))) == .brokerRegistered(epoch: .max - 1)
        )
    }

    @Test func `an epoch of a broker that is gone does not come again`() throws {
        var cluster = try Cluster.of(1)
        try cluster.run(.registerBroker(broker(2, epoch: 70)))
        try cluster.run(.unregisterBroker(2))
        #expect(throws: MetadataError.self) { try cluster.run(.registerBroker(broker(2, epoch: 70))) }
    }

    @Test func `a registration that arrives twice changes nothing the second time`() throws {
        var cluster = try Cluster.of(1)
        try cluster.run(.registerBroker(broker(2, epoch: 70)))
        try cluster.start(3)
        let before = cluster.image
        #expect(try cluster.run(.registerBroker(broker(2, epoch: 70))) == .brokerRegistered(epoch: 70))
        #expect(cluster.image == before)
    }

    @Test func `a process with a new session has a new epoch and leads again what it led`()
        throws
    {
        var cluster = try Cluster.of(1)
        try cluster.run(.registerBroker(broker(2, epoch: 70, cleanly: false)))
        try cluster.create(NewTopic(name: "a", assignments: [(0, [2])]))
        try cluster.fence(2)
        #expect(try cluster.partition("a").leader == .none)
        try cluster.run(.registerBroker(broker(2, epoch: 80, cleanly: false)))
        #expect(cluster.epoch(2) == 80)
        #expect(try cluster.partition("a").leader == 2)
        #expect(try cluster.partition("a").isr == [2])
        #expect(try cluster.partition("a").recovery == .recovered)
    }

    @Test func `a process with a new session that was never fenced keeps its partitions as they are`() throws
    {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [2, 1])]))
        let state = try cluster.partition("a")
        try cluster.run(.registerBroker(broker(2, epoch: 80, cleanly: false)))
        #expect(cluster.epoch(2) == 80)
        #expect(try cluster.partition("a") == state)
        // Another process, though, may have lost what the first one had.
        try cluster.run(.registerBroker(broker(2, epoch: 90, run: 1, cleanly: false)))
        #expect(try cluster.partition("a").isr == [1])
    }
}
