import Messages
import Testing
import Vocabulary

@testable import Broker

struct RoutingTests {
    let harness = LoopHarness { $0.socketRequestMaxBytes = 1 << 20 }

    @Test(arguments: ApiVersionsRequest.validVersions)
    func `what is served is told in every version`(version: Int16) throws {
        let peer = harness.connect()
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "tests"
        request.clientSoftwareVersion = "1.0"
        let answer = try harness.ask(request, version: version, from: peer)
        #expect(answer.errorCode == 0)
        let keys = answer.apiKeys.map(\.apiKey)
        #expect(keys == keys.sorted())
        let produce = try #require(answer.apiKeys.first { $0.apiKey == 0 })
        #expect(produce.minVersion == 0)
        #expect(produce.maxVersion == ProduceRequest.validVersions.upperBound)
        #expect(!keys.contains(ApiKey.joinGroup.rawValue), "groups are not served")
    }

    @Test func `a version from the future is answered in version 0 (KIP-511)`() throws {
        let peer = harness.connect()
        var frame = LoopHarness.frame(ApiVersionsRequest(), version: 0, correlationID: 9)
        frame[7] = 99
        harness.send(frame, from: peer)
        let answer = try #require(try harness.answer(to: ApiVersionsRequest.self, version: 0, from: peer))
        #expect(answer.errorCode == ErrorCode.unsupportedVersion.rawValue)
        #expect(!answer.apiKeys.isEmpty)
    }

    @Test func `a client led to the wrong cluster is sent back to its bootstrap (KIP-1242)`() throws {
        let peer = harness.connect()
        var request = ApiVersionsRequest()
        (request.clientSoftwareName, request.clientSoftwareVersion) = ("tests", "1")
        request.clusterId = "another"
        request.nodeId = 1
        #expect(try harness.ask(request, from: peer).errorCode == ErrorCode.rebootstrapRequired.rawValue)
        request.clusterId = "test-cluster"
        #expect(try harness.ask(request, from: peer).errorCode == 0)
    }

    @Test func `a bad software name is refused`() throws {
        let peer = harness.connect()
        var request = ApiVersionsRequest()
        (request.clientSoftwareName, request.clientSoftwareVersion) = ("-bad-", "1")
        #expect(try harness.ask(request, version: 3, from: peer).errorCode == ErrorCode.invalidRequest.rawValue)
    }

    @Test(arguments: [
        [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0, 0, 0, 7], [0, 0x10, 0, 1],
    ] as [[UInt8]])
    func `a frame of a bad length closes the connection`(length: [UInt8]) {
        let peer = harness.connect()
        harness.send(length, from: peer)
        #expect(peer.connection.isClosing)
        #expect(harness.lines.contains { $0.level == .warning })
    }

    @Test func `an API that is not served, a bad version and a broken body close the connection`() {
        for (apiKey, version, body) in [(11, 0, []), (3, 99, []), (2, 1, [0xFF]), (1, 13, [1, 2, 3])] as [(Int16, Int16, [UInt8])] {
            let peer = harness.connect()
            var frame: [UInt8] = []
            func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.bigEndian) { frame += $0 } }
            put(Int32(10 + body.count))
            put(apiKey)
            put(version)
            put(Int32(1))
            put(Int16(-1))
            harness.send(frame + body, from: peer)
            #expect(peer.connection.isClosing, "api \(apiKey) version \(version)")
        }
    }

    @Test func `part of a frame is left where it is`() throws {
        let peer = harness.connect()
        var bytes = LoopHarness.frame(ApiVersionsRequest(), version: 0, correlationID: 1)
        let whole = bytes.count
        bytes += LoopHarness.frame(ApiVersionsRequest(), version: 0, correlationID: 2).dropLast(3)
        let consumed = bytes.withUnsafeMutableBytes {
            peer.loop.received(peer.connection, UnsafeMutableRawBufferPointer($0), now: harness.now)
        }
        #expect(consumed == whole)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `random bytes never stop the broker`(seed: UInt64) throws {
        let topic = try harness.addTopic("t")
        var random = SeededGenerator(seed: seed)
        let good = [
            LoopHarness.frame(makeProduce(topic, makeBatch(["a"])), version: 12, correlationID: 1),
            LoopHarness.frame(makeFetch(topic, from: 0), version: 16, correlationID: 1),
            LoopHarness.frame(ListOffsetsRequest(), version: 8, correlationID: 1),
        ]
        for _ in 0..<100 {
            let peer = harness.connect()
            var bytes = good.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 4..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            harness.send(bytes, from: peer)
            harness.loops[0].closed(peer.connection)
        }
    }
}
