import SimulatedDisk
import Testing

@testable import Broker

struct BrokerStartTests {
    private let disks = [SimulatedDisk(name: "a"), SimulatedDisk(name: "b")]

    private func refusal() throws -> String {
        let before = try disks.map { try $0.list("") }
        let refusal = #expect(throws: StartError.self) { try BrokerStart(config: BrokerConfig(), disks: disks, seed: 1) }
        #expect(try disks.map { try $0.list("") } == before, "nothing is touched")
        return refusal?.description ?? ""
    }

    @Test func `directories in another order are refused`() throws {
        try disks[0].createDirectory("orders-0")
        try disks[1].createDirectory("__cluster_metadata-0")
        #expect(try refusal().contains("is in b and not in a, the first of log.dirs"))
    }

    @Test(arguments: [0, 1]) func `partitions without a metadata log are refused, not set aside`(place: Int) throws {
        try disks[place].createDirectory("orders-0")
        #expect(try refusal().contains("\(disks[place].name) holds partitions, orders-0 for one"))
    }

    @Test func `what is no partition is no past`() throws {
        for name in ["lost+found", "orders-0.00000000000000070000000000000009-delete"] { try disks[1].createDirectory(name) }
        _ = try BrokerStart(config: BrokerConfig(), disks: disks, seed: 1)
    }
}
