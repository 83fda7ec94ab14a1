import Vocabulary

/// Faults that come within milliseconds of what a broker just did.
///
/// What a replica promises is at risk for a few milliseconds only: between a vote and the election's end, between an acknowledgement
/// and the disk. Chance by the clock hits such a moment once in thousands of times.
extension FaultPlan {
    private var timeoutMs: Int64 { options.electionTimeoutMs }

    func take(_ occasion: Occasion) {
        switch occasion {
        case .stood(let broker):
            guard strikes(.splitVote) else { return }
            // Shorter than the time a candidate stands.
            aim(.isolate(broker: broker, ms: duration(max: timeoutMs / 2)), withinUs: 0)
        case .voted(let broker):
            guard strikes(.crashAfterVote) else { return }
            let ms = duration(max: 20)
            let isPower = world.faults.once(in: 2)
            aim(isPower ? .losePower(broker: broker, ms: ms) : .kill(broker: broker, ms: ms), withinUs: 5000)
        case .elected(let broker):
            if options.kinds.contains(.figureEight) { playFigureEight(elected: broker) }
            if strikes(.leaderChurn) { endOffice(of: broker) }
        case .committed(let broker, let isAll):
            if committing == broker { endFigureEight(leader: broker) }
            if strikes(.powerAfterCommit) { losePower(leader: broker) }
            // What it has in hand would keep it from answering reads when it wakes up.
            if isAll, strikes(.pauseLeader) {
                let longest = min(4 * timeoutMs, 2500)  // Clients wait so long.
                let ms = between(3 * timeoutMs / 2, and: longest)
                aim(.pause(broker: broker, ms: ms), withinUs: 200)
                // One at a time: the others are to elect a leader and serve.
                restsUntil[.pauseLeader] = world.now.adding(
                    milliseconds: ms + duration(max: 2 * min(options.gapMs, 1000)))
            }
        }
    }

    /// Whether a kind strikes at this occasion. Where elections are concerned, it takes several in a row to do harm.
    private func strikes(_ kind: FaultOptions.Kind) -> Bool {
        guard options.kinds.contains(kind), restsUntil[kind].map({ $0 <= world.now }) ?? true else {
            return false
        }
        counts[kind, default: 0] += 1
        let isInBurst = kind != .powerAfterCommit && kind != .pauseLeader && !world.faults.once(in: 6)
        if !isInBurst {
            restsUntil[kind] = world.now.adding(milliseconds: duration(max: 2 * min(options.gapMs, 1000)))
        }
        return isInBurst ? !world.faults.once(in: 3) : true
    }

    private func aim(_ fault: Fault, withinUs delayMax: Int64) {
        world.schedule(.fault(fault), afterMicroseconds: Int64.random(in: 0...delayMax, using: &world.faults))
    }

    private func between(_ least: Int64, and most: Int64) -> Int64 {
        Int64.random(in: least...most, using: &world.faults)
    }

    /// Before its first entry gets out, or after it has got somewhere. It is back while the next one is elected, or the one after.
    private func endOffice(of broker: Int) {
        let ms = between(timeoutMs / 8, and: 3 * timeoutMs)
        let delays: [Int64] = [0, 1000, 20_000, 100_000]
        let delayMax = delays.randomElement(using: &world.faults)!
        switch Int.random(in: 0..<4, using: &world.faults) {
        case 0: aim(.kill(broker: broker, ms: ms), withinUs: delayMax)
        case 1: aim(.losePower(broker: broker, ms: ms), withinUs: delayMax)
        default: aim(.isolate(broker: broker, ms: ms), withinUs: delayMax)
        }
    }

    /// The first entry of an office stays where it was made, twice; who had the first of them then leads those who have neither.
    private func playFigureEight(elected broker: Int) {
        committing = nil
        switch officesEnded {
        case 0: aim(.isolate(broker: broker, ms: between(timeoutMs, and: 2 * timeoutMs)), withinUs: 0)
        case 1: aim(.isolate(broker: broker, ms: between(3 * timeoutMs / 2, and: 3 * timeoutMs)), withinUs: 0)
        default: committing = broker
        }
        officesEnded += 1
        counts[.figureEight, default: 0] += 1
    }

    /// It loses what it had not synced and is back at once; those that it has told come back late.
    private func endFigureEight(leader: Int) {
        officesEnded = 0
        committing = nil
        for node in cluster.nodes {
            let isOut = cluster.network.isIsolated(node.host)
            if isOut { continue }
            let ms = node.number == leader ? duration(max: 20) : between(3 * timeoutMs, and: 4 * timeoutMs)
            aim(.losePower(broker: node.number, ms: ms), withinUs: 200)
        }
    }

    /// At all brokers, or at most of them; who is back first elects a leader without the rest.
    private func losePower(leader: Int) {
        let spares = world.faults.once(in: 2)
        let delayMax: Int64 = world.faults.once(in: 2) ? 200 : 5000
        for node in cluster.nodes {
            if spares, world.faults.once(in: 3) { continue }
            let ms = world.faults.once(in: 2) ? duration(max: 50) : duration(max: 2 * timeoutMs)
            aim(.losePower(broker: node.number, ms: ms), withinUs: delayMax)
        }
    }
}
