import Messages
import Records
import Vocabulary

/// What a Kafka client writes to partitions, and reads from them.
extension KafkaClient {
    /// The rule that all records are held to.
    static let kept = "what is acknowledged is there, once and for good"

    struct Target {
        let name: String
        let place: PartitionLedger.Place
        let leader: HostID
    }

    /// A partition that somebody leads, as far as is known. Else it asks.
    func anyPartition() -> Target? {
        let known = options.names.compactMap { name in workload.topics[name].map { (name, $0) } }
        guard let (name, topic) = known.randomElement(using: &world.workload), !topic.leaders.isEmpty else {
            return lookAround()
        }
        let index = Int.random(in: 0..<topic.leaders.count, using: &world.workload)
        guard let leader = topic.leaders[index] else { return lookAround() }
        guard isConnected(to: leader) else { return nil }
        return Target(name: name, place: .init(topic: topic.id, partition: Int32(index)), leader: leader)
    }

    func lookAround() -> Target? {
        if isConnected(to: home) { askMetadata(at: home) }
        return nil
    }

    // MARK: - Writing

    func produce() {
        if options.isIdempotent { return produceIdempotently() }
        guard let target = anyPartition() else { return }
        let values = takeValues(for: target.place)
        send(batch(values), to: target) { answer in
            guard answer.errorCode == 0 else { return self.refused(answer.errorCode, target.place) }
            self.acknowledged(values, at: answer.baseOffset, target.place)
        }
    }

    func takeValues(for place: PartitionLedger.Place) -> [Int64] {
        let values = (0..<Int.random(in: 1...5, using: &world.workload)).map { _ in workload.takeValue() }
        for value in values { workload.ledger.asked(value, place) }
        return values
    }

    func acknowledged(_ values: [Int64], at offset: Int64, _ place: PartitionLedger.Place) {
        workload.count(\.produced, values.count)
        producedAt = world.now
        workload.hold(Self.kept, client: number, workload.ledger.acknowledged(values, at: offset, place))
    }

    func send(
        _ records: [UInt8], to target: Target,
        _ answered: @escaping (ProduceResponse.PartitionProduceResponse) -> Void
    ) {
        var data = ProduceRequest.PartitionProduceData()
        data.index = target.place.partition
        data.records = records
        var topic = ProduceRequest.TopicProduceData()
        topic.name = target.name
        topic.topicId = target.place.topic
        topic.partitionData = [data]
        var request = ProduceRequest()
        request.acks = -1
        request.timeoutMs = 5000
        request.topicData = [topic]
        // By its name it may be another topic by now, which the answer does not tell.
        ask(request, version: 13, at: target.leader) { reply in
            if let answer = reply.responses.first?.partitionResponses.first { answered(answer) }
        }
    }

    /// Some large ones, so that batches cross pages and pieces.
    func batch(_ values: [Int64], _ number: (inout BatchBuilder) -> Void = { _ in }) -> [UInt8] {
        var builder = BatchBuilder()
        number(&builder)
        // Two hours ago: no broker's clock may find it lies in the future.
        let now = 1_767_225_600_000 + world.now.nanoseconds / 1_000_000 - 7_200_000
        let padding = world.workload.once(in: 6) ? Int.random(in: 0...3000, using: &world.workload) : 0
        for value in values {
            builder.append(
                timestamp: now, key: nil,
                value: ZnodeClient.bytes(of: value) + [UInt8](repeating: 7, count: padding))
        }
        return builder.finish()
    }

    /// It knows less than it thought.
    func refused(_ code: Int16, _ place: PartitionLedger.Place) {
        world.note(
            self.place, "refused",
            text: "\(ErrorCode(rawValue: code).map { "\($0)" } ?? "\(code)") for \(place)")
        if code == ErrorCode.unknownTopicId.rawValue || code == ErrorCode.notLeaderOrFollower.rawValue {
            workload.topics = [:]
        }
    }

    // MARK: - Reading

    func fetchSomething() {
        guard let target = anyPartition() else { return }
        let end = workload.ledger.end(of: target.place)
        let start = world.workload.once(in: 3) ? end : Int64.random(in: 0...end, using: &world.workload)
        fetch(target.place, from: start, at: target.leader) { _ in }
    }

    /// - Parameter then: is given where to read on; nil when the broker gave nothing.
    func fetch(
        _ place: PartitionLedger.Place, from start: Int64, at leader: HostID,
        _ then: @escaping (Int64?) -> Void
    ) {
        var partition = FetchRequest.FetchPartition()
        partition.partition = place.partition
        partition.fetchOffset = start
        partition.partitionMaxBytes =
            audits.isEmpty ? [500, 1 << 20].randomElement(using: &world.workload)! : 1 << 20
        var topic = FetchRequest.FetchTopic()
        topic.topicId = place.topic
        topic.partitions = [partition]
        var request = FetchRequest()
        request.maxWaitMs = Int32.random(in: 0...300, using: &world.workload)
        request.minBytes = 1
        request.topics = [topic]
        let known = workload.ledger.end(of: place)
        ask(request, version: 13, at: leader) { reply in
            guard let answer = reply.responses.first?.partitions.first else { return then(nil) }
            if answer.errorCode == ErrorCode.offsetOutOfRange.rawValue, start <= known {
                self.workload.hold(
                    Self.kept, client: self.number,
                    "\(place) has no offset \(start), and ends at \(known)")
            }
            guard answer.errorCode == 0 else {
                self.refused(answer.errorCode, place)
                return then(nil)
            }
            self.workload.hold(
                Self.kept, client: self.number,
                self.workload.ledger.checkEnd(answer.highWatermark, known: known, place))
            then(self.took(answer.records ?? [], from: start, place))
        }
    }

    /// - Returns: behind the last record.
    private func took(_ bytes: [UInt8], from start: Int64, _ place: PartitionLedger.Place) -> Int64? {
        do throws(RecordError) {
            let records = try FetchedRecords.read(bytes).filter { $0.offset >= start }
            workload.count(\.fetched, records.count)
            workload.hold(
                Self.kept, client: number,
                workload.ledger.read(records, from: start, place))
            return start + Int64(records.count)
        } catch {
            world.fail(
                "the protocol is kept", "Kafka client \(number) got records that cannot be read: \(error)")
            return nil
        }
    }
}

/// Batches as a fetch brings them.
enum FetchedRecords {
    /// Offsets and values; of a last batch that is cut off, nothing.
    static func read(_ bytes: [UInt8]) throws(RecordError) -> [(offset: Int64, value: Int64)] {
        var found: [(offset: Int64, value: Int64)] = []
        let span = bytes.span.bytes
        var at = 0
        while bytes.count - at >= BatchHeader.byteCount {
            let header = try BatchHeader(span, at: at)
            guard bytes.count - at >= header.sizeInBytes else { break }
            let payload = try decompressedPayload(
                of: span.extracting(at..<at + header.sizeInBytes), header: header, limit: 1 << 20)
            try forEachRecord(in: payload.span.bytes, count: header.recordCount) {
                record throws(RecordError) in
                guard let value = record.value, value.count >= 8 else { throw .badRecord(at: at) }
                let number = payload[value.prefix(8)].reduce(Int64(0)) { $0 << 8 | Int64($1) }
                found.append((header.offset(of: record), number))
            }
            at += header.sizeInBytes
        }
        return found
    }
}
