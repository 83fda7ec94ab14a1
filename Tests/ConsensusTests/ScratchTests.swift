import Testing
import Vocabulary
import Foundation

@testable import Consensus

struct ScratchTests {
    @Test func scratch() throws {
        guard let text = ProcessInfo.processInfo.environment["SEED"], let seed = UInt64(text) else { return }
        var life = RandomLife(seed: seed)
        let cluster = life.cluster
        cluster.trace = { print(cluster.now.nanoseconds / 1000, $0) }
        defer {
            for node in cluster.nodes {
                print(node.key, "applied", node.applied, "disk", node.disk.logStart, node.disk.end, node.disk.durableEnd, node.disk.hardState)
                guard let raft = node.raft else { continue }
                print("   ", raft.role, raft.leader as Any, raft.log, raft.committed, raft.voters.keys.map(\.id.value), raft.nextWake, raft.hasResigned, raft.snapshot)
                for r in raft.office.replicas { print("      ", r) }
            }
        }
        try life.run(steps: 3000)
    }
}
