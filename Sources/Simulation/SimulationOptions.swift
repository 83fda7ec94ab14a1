import Vocabulary

/// What one run is made of: all of it drawn from the seed, unless said otherwise.
package struct SimulationOptions: Sendable {
    package var brokers: Int
    /// How many of the brokers vote at first; the others observe.
    package var voters: Int
    package var network: NetworkOptions
    package var workload: WorkloadOptions
    package var faults: FaultOptions
    /// How long things go wrong.
    package var faultyMs: Int64
    package var electionTimeoutMs: Int64
    /// How long a sync takes where nothing is wrong.
    package var syncMicroseconds: ClosedRange<Int64>
    /// Log directories of each broker, a disk each.
    package var disks = 1
    /// Records between snapshots of the coordination's state, in bytes of log.
    package var snapshotBytes: Int64

    package init(seed: UInt64) {
        var chance = SeededGenerator(seed: seed ^ 0x0B71_0115)
        voters = [1, 3, 3, 3, 5, 5, 7].randomElement(using: &chance)!
        brokers = voters + (chance.once(in: 3) ? 1 : 0)
        network = NetworkOptions()
        let latency = [100, 500, 2000, 10_000].randomElement(using: &chance)! as Int64
        network.latencyMicroseconds = latency / 2...latency
        network.spikeOnceIn = [0, 50, 500].randomElement(using: &chance)!
        network.windowBytes = [4 << 10, 64 << 10, 256 << 10].randomElement(using: &chance)!
        network.userTimeoutMicroseconds = [3_000_000, 10_000_000, 20_000_000].randomElement(using: &chance)!
        workload = WorkloadOptions.drawn(from: &chance)
        faults = FaultOptions.drawn(brokers: voters, from: &chance)
        faultyMs = Int64.random(in: 8000...25_000, using: &chance)
        let sync = [500, 2000, 20_000, 100_000].randomElement(using: &chance)! as Int64
        syncMicroseconds = sync / 10...sync
        electionTimeoutMs = [300, 1000].randomElement(using: &chance)!
        faults.electionTimeoutMs = electionTimeoutMs
        snapshotBytes = [8 << 10, 64 << 10, 20 << 20].randomElement(using: &chance)!
        disks = [1, 1, 2, 3].randomElement(using: &chance)!
        workload.kafka.isIdempotent = chance.once(in: 2)
    }

    /// For the message of a failed run.
    package var description: String {
        "brokers \(brokers) of \(disks) disks, voters \(voters), clients \(workload.clients) and \(workload.kafka.clients) of Kafka\(workload.kafka.isIdempotent ? " (idempotent)" : ""), faults "
            + (faults.kinds.isEmpty ? "none" : faults.kinds.map(\.rawValue).joined(separator: ","))
            + " every \(faults.gapMs) ms for \(faultyMs) ms, election timeout \(electionTimeoutMs) ms, snapshot after "
            + "\(snapshotBytes) bytes, latency \(network.latencyMicroseconds) us, syncs \(syncMicroseconds) us, window \(network.windowBytes) bytes"
    }
}
