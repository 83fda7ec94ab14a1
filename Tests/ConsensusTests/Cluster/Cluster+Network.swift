import Vocabulary

@testable import Consensus

/// The network: links that are slow, lose, double and overtake, and connections that break.
extension Cluster {
    func replicate(from n: Int, to: ReplicaKey) throws {
        while true {
            let end = nodes[n].disk.end
            let batch = draw(weather.batch)
            let fits = { (from: Offset) in Offset(min(end, from.value + batch)) }
            guard let outgoing = nodes[n].raft?.nextAppend(to: to, at: now, fits: fits) else { return }
            switch outgoing {
            case .append(let message):
                guard case .append(let append) = message.body else {
                    throw Violation(description: "\(message)")
                }
                let entries = try nodes[n].entries(from: append.previous.end.value, to: append.end.value)
                transmit(message, .entries(entries), from: n, to: to)
            case .snapshotChunk(let message):
                guard case .snapshotChunk(let chunk) = message.body,
                    let image = nodes[n].keptImage(chunk.snapshot)
                else {
                    throw Violation(
                        description: "\(n + 1) sends a snapshot that it does not have: \(message)")
                }
                transmit(message, .piece(image), from: n, to: to)
            }
        }
    }

    func index(of key: ReplicaKey) -> Int? { nodes.firstIndex { $0.key == key } }

    func transmit(_ message: Message, _ cargo: Cargo, from n: Int, to key: ReplicaKey) {
        if let flaw = message.flaw { preconditionFailure("\(n + 1) sends \(message): \(flaw)") }
        guard let to = index(of: key), !isCut[n][to] else { return }
        if rare(weather.lost) { return }
        var copies = 1
        if rare(weather.doubled) { copies = 2 }
        for _ in 0..<copies {
            var time = Instant(nanoseconds: now.nanoseconds + draw(weather.delay) * 1_000)
            if rare(weather.late) {
                time = time.adding(milliseconds: Int64.random(in: 1...2_000, using: &chance))
            }
            if !weather.isReordering {
                time = max(time, lastArrival[n][to])
                lastArrival[n][to] = time
            }
            queue.push(
                .message(message, cargo, from: nodes[n].key, to: key, connection: connections[n][to]),
                at: time)
        }
    }

    func rare(_ perMille: UInt64) -> Bool {
        perMille > 0 && UInt64.random(in: 0..<1000, using: &chance) < perMille
    }

    func deliver(
        _ message: Message, _ cargo: Cargo, from: ReplicaKey, to key: ReplicaKey, connection: Int
    ) throws {
        guard let n = index(of: key), nodes[n].raft != nil else { return }
        // A sender that died in the meantime is heard all the same; one whose connection was replaced is not, in order.
        if let sender = index(of: from) {
            if isCut[sender][n] { return }
            if !weather.isReordering, connections[sender][n] != connection { return }
        }
        try step(n, .received(message, from: from), cargo: cargo)
    }

    func cut(_ a: Int, _ b: Int) { isCut[a][b] = true }

    /// Both ends see a new connection.
    func reconnect(_ a: Int, _ b: Int) throws {
        isCut[a][b] = false
        isCut[b][a] = false
        connections[a][b] += 1
        connections[b][a] += 1
        guard nodes[a].raft != nil, nodes[b].raft != nil else { return }
        try step(a, .connected(to: nodes[b].key))
        try step(b, .connected(to: nodes[a].key))
    }

    /// Both ends see that the connection broke, as after a reset.
    func disconnect(_ a: Int, _ b: Int) throws {
        connections[a][b] += 1
        connections[b][a] += 1
        try step(a, .connectionLost(to: nodes[b].key))
        try step(b, .connectionLost(to: nodes[a].key))
    }

    func isConnected(_ a: Int, _ b: Int) -> Bool { !isCut[a][b] && !isCut[b][a] }
}
