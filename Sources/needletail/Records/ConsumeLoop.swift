import ArgumentParser
import Client
import Records
import Vocabulary

/// Prints chunks as they come until all is read, the count is reached, the reader is gone, or someone interrupts.
final class ConsumeLoop {
    private let driver: SocketDriver<ConsumerClient>
    private let topic: String
    private let format: RecordFormat
    private let countMax: Int
    private(set) var printed = 0
    private var output = Output()
    private var failures: [(place: TopicPartition, error: ClientError)] = []

    init(_ client: ConsumerClient, topic: String, format: RecordFormat, countMax: Int?) {
        driver = SocketDriver([client])
        self.topic = topic
        self.format = format
        self.countMax = countMax ?? .max
    }

    /// The partitions to read: those wanted, or all. Waits for the topic to be known.
    func places(_ wanted: [Int32]) throws -> [TopicPartition] {
        driver.with(0) { client, _ in client.follow([topic]) }
        let limit = now().adding(milliseconds: driver.machines[0].cluster.settings.requestTimeoutMs)
        var unknowns = 0
        var age = 0
        while true {
            let cluster = driver.machines[0].cluster
            if cluster.viewAge != age, let known = cluster.view.topics[topic] {
                age = cluster.viewAge
                if known.error == .none, !known.partitions.isEmpty {
                    return try select(wanted, known.partitions.count)
                }
                unknowns += 1
                // A topic just created may not be known everywhere yet; one that is unknown thrice is not there.
                if unknowns >= 3 || !known.error.isRetriable { throw missing(known.error) }
            }
            if let reason = cluster.unreachable {
                throw Failure.unavailable("\(reason); is the broker running?")
            }
            if driver.isInterrupted { throw ExitCode(130) }
            guard now() < limit else {
                throw Failure.unavailable("no answer from the broker; is it running?")
            }
            driver.turn(until: limit)
        }
    }

    private func missing(_ error: ErrorCode) -> ExitCode {
        Failure.failed(topicProblem(topic, error, nil))
    }

    private func select(_ wanted: [Int32], _ partitions: Int) throws -> [TopicPartition] {
        if let bad = wanted.first(where: { $0 < 0 || $0 >= partitions }) {
            throw Failure.failed("topic \(topic) has no partition \(bad), only 0 to \(partitions - 1)")
        }
        let numbers = wanted.isEmpty ? Array(0..<Int32(partitions)) : Set(wanted).sorted()
        return numbers.map { TopicPartition(topic: topic, partition: $0) }
    }

    func assign(_ place: TopicPartition, from start: ReadStart, until stop: ReadStop) {
        driver.with(0) { client, _ in client.assign(place, from: start, until: stop) }
    }

    func run() throws {
        while !driver.isInterrupted, printed < countMax, !output.isClosed {
            let chunks = driver.with(0) { client, _ in client.takeChunks() }
            for chunk in chunks where printed < countMax && !output.isClosed { try print(chunk) }
            output.flush()
            failures += driver.with(0) { client, _ in client.takeFailures() }
            if driver.machines[0].consumer.isFinished { break }
            driver.turn()
        }
        output.flush()
        for (place, error) in failures { complain("error: \(place): \(explain(error))") }
        if !failures.isEmpty { throw ExitCode.failure }
    }

    private func explain(_ error: ClientError) -> String {
        if case .broker(.offsetOutOfRange, _) = error {
            return "there is no such offset; 'needletail topic describe \(topic)' shows start and end"
        }
        return "\(error)"
    }

    private func print(_ chunk: FetchedChunk) throws {
        do throws(RecordError) {
            try chunk.forEachRecord { record, payload in
                format.write(record, of: chunk.place, payload, &output)
                printed += 1
                return printed < countMax && !output.isClosed
            }
        } catch {
            output.flush()
            throw Failure.failed(
                "\(chunk.place): the records after offset \(chunk.from) cannot be read: \(error)")
        }
    }
}
