import ArgumentParser
import Client
import Vocabulary

/// Reads lines as fast as the producer takes them, until both are done.
final class ProduceLoop {
    private let driver: SocketDriver<ProducerClient>
    private let topic: String
    private let quiet: Bool
    private var lines: LineReader
    private var waiting: RecordToSend?  // Read, not yet accepted.
    private var accepted = 0
    private var acceptedBytes = 0
    private var delivered = 0
    private var failed = 0
    private var firstError: (TopicPartition, ClientError)?
    private var isWatching = false
    private static let placeTimeoutMs: Int64 = 10_000

    init(_ client: ProducerClient, topic: String, lines: LineReader, quiet: Bool) {
        driver = SocketDriver([client])
        self.topic = topic
        self.lines = lines
        self.quiet = quiet
    }

    func run() throws {
        try waitForTopic()
        var inputIsReady = false
        while !(lines.isAtEnd && waiting == nil), !driver.isInterrupted {
            if inputIsReady { lines.fill() }
            let isFull = try offer()
            collect()
            if lines.isAtEnd && !isFull { continue }
            setWatching(!isFull)
            // A regular file cannot be watched, and need not be: it is always ready.
            inputIsReady = !isFull && !isWatching
            driver.turn(until: inputIsReady ? now() : .distantFuture)
            if isWatching, driver.readable.contains(0) { inputIsReady = true }
            if let reason = driver.machines[0].cluster.unreachable, delivered == 0, accepted == 0 {
                throw Failure.unavailable("\(reason); is the broker running?")
            }
        }
        setWatching(false)
        try finish()
    }

    /// - Returns: whether the producer takes no more for now.
    private func offer() throws -> Bool {
        let outcome = driver.with(0) { client, now -> Producer.Admission in
            let time = wallClock()
            while let record = waiting ?? lines.next(at: time) {
                waiting = record
                switch client.append(record, to: topic, id: accepted, at: now) {
                case .accepted:
                    accepted += 1
                    acceptedBytes += (record.key?.count ?? 0) + (record.value?.count ?? 0)
                    waiting = nil
                case let refusal: return refusal
                }
            }
            return .accepted
        }
        if outcome == .unknownPlace {
            complain("error: topic \(topic) has no partition \(waiting?.partition ?? -1)")
            driver.perform(0) { client, now in client.flush(at: now) }
            throw ExitCode.failure
        }
        return outcome == .full
    }

    private func setWatching(_ wanted: Bool) {
        guard wanted != isWatching else { return }
        if wanted {
            isWatching = driver.watch(0)
        } else {
            driver.unwatch(0)
            isWatching = false
        }
    }

    private func waitForTopic() throws {
        driver.with(0) { client, _ in client.follow(topic) }
        let limit = now().adding(milliseconds: Self.placeTimeoutMs)
        while true {
            let cluster = driver.machines[0].cluster
            if let topic = cluster.view.topics[topic], topic.error == .none, !topic.partitions.isEmpty {
                break
            }
            if let error = cluster.view.topics[topic]?.error, error != .none, !error.isRetriable {
                throw Failure.failed("topic \(topic): \(error.name)")
            }
            if let reason = cluster.unreachable {
                throw Failure.unavailable("\(reason); is the broker running?")
            }
            if driver.isInterrupted { throw ExitCode(130) }
            guard now() < limit else {
                throw cluster.viewAge == 0
                    ? Failure.unavailable("no answer from the broker; is it running?")
                    : Failure.failed(
                        "topic \(topic) does not exist; create it: needletail topic create \(topic)")
            }
            driver.turn(until: limit)
        }
    }

    private func collect() {
        for report in driver.with(0, { client, _ in client.takeReports() }) {
            if let error = report.error {
                failed += report.ids.count
                firstError = firstError ?? (report.place, error)
            } else {
                delivered += report.ids.count
            }
        }
    }

    private func finish() throws {
        driver.perform(0) { client, now in client.flush(at: now) }
        while !driver.machines[0].producer.isEmpty {
            driver.turn()
            collect()
        }
        collect()
        if let (place, error) = firstError { complain("error: \(place): \(error)") }
        if lines.badLines > 0 {
            complain("error: \(count(lines.badLines, "line")) without the key separator")
        }
        let bad = failed + lines.badLines
        if !quiet || bad > 0 {
            complain(
                "\(delivered) records delivered to \(topic) (\(acceptedBytes) bytes), \(bad) not delivered")
        }
        if bad > 0 { throw ExitCode.failure }
        if driver.isInterrupted { throw ExitCode(130) }
    }
}
