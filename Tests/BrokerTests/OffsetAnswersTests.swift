import CommitLog
import Messages
import Testing
import Vocabulary

@testable import Broker

/// ListOffsets and OffsetForLeaderEpoch at their edges, as Kafka's broker answers them.
struct OffsetAnswersTests {
    let harness = LoopHarness()

    private func list(
        _ timestamps: [Int64], version: Int16 = 11, _ peer: LoopHarness.Peer
    ) throws -> [ListOffsetsResponse.ListOffsetsPartitionResponse] {
        var topic = ListOffsetsRequest.ListOffsetsTopic()
        topic.name = "t"
        topic.partitions = timestamps.map {
            var partition = ListOffsetsRequest.ListOffsetsPartition()
            partition.partitionIndex = 0
            partition.currentLeaderEpoch = -1
            partition.timestamp = $0
            return partition
        }
        var request = ListOffsetsRequest()
        request.topics = [topic]
        return try #require(try harness.ask(request, version: version, from: peer).topics.first).partitions
    }

    @Test(arguments: [(-3, 7), (-4, 8), (-5, 9), (-6, 11), (-7, 12)] as [(Int64, Int16)])
    func `a question that came with a later version is not supported before`(timestamp: Int64, since: Int16) throws {
        _ = try harness.addTopic("t")
        let peer = harness.connect()
        for version in ListOffsetsRequest.validVersions {
            let code = try #require(try list([timestamp], version: version, peer).first).errorCode
            #expect(code == (version < since ? ErrorCode.unsupportedVersion.rawValue : 0), "version \(version)")
        }
    }

    @Test func `without remote storage nothing waits to go there`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: peer)
        for timestamp in [-5, -6] as [Int64] {
            let answer = try #require(try list([timestamp], peer).first)
            #expect(answer.offset == -1 && answer.leaderEpoch == -1)
        }
    }

    @Test func `a partition asked about twice is an invalid request`() throws {
        _ = try harness.addTopic("t")
        let answers = try list([-1, -2], harness.connect())
        #expect(answers.allSatisfy { $0.errorCode == ErrorCode.invalidRequest.rawValue })
    }

    @Test func `the latest offset goes with the leader's epoch, also where nothing was written`() throws {
        _ = try harness.addTopic("t")
        let latest = try #require(try list([-1], harness.connect()).first)
        #expect(latest.offset == 0 && latest.leaderEpoch == 0)
    }

    @Test func `the largest timestamp is looked for below the high watermark`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"], at: 1_700_000_000_000)), from: peer)
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["b"], at: 1_700_000_000_500)), from: harness.connect())
        #expect(try list([-3], peer).first?.offset == -1, "what is not committed is not told, as in Kafka")
    }

    @Test func `an epoch that wrote nothing yet ends where the log does`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        func end(of epoch: Int32) throws -> [Int64] {
            var partition = OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
            partition.partition = 0
            partition.currentLeaderEpoch = -1
            partition.leaderEpoch = epoch
            var asked = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
            asked.topic = "t"
            asked.partitions = [partition]
            var request = OffsetForLeaderEpochRequest()
            request.replicaId = -1
            request.topics = [asked]
            let answer = try #require(try harness.ask(request, from: peer).topics.first?.partitions.first)
            #expect(answer.errorCode == 0)
            return [Int64(answer.leaderEpoch), answer.endOffset]
        }
        #expect(try end(of: 0) == [0, 0])
        #expect(try end(of: 1) == [-1, -1], "from the future")
        #expect(try end(of: -1) == [-1, -1])
        _ = try harness.ask(makeProduce(topic, makeBatch(["a", "b"])), from: peer)
        #expect(try end(of: 0) == [0, 2])
    }
}
