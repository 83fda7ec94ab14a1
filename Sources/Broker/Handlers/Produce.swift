import CommitLog
import Messages
import Ports
import Records
import Vocabulary
import Wire

/// Produce (0): walked in place. The batches stay in the receive buffer until the burst is appended.
extension BrokerLoop {
    func handleProduce(
        _ frame: UnsafeMutableRawBufferPointer, _ start: Int, _ context: RequestContext
    ) throws(WireError) {
        var at = start
        let flexible = context.version >= 9
        let transactional = try readStringRange(frame.bytes, &at, flexible: flexible, "transactionalId") != nil
        let acks = try readInt16(frame.bytes, &at, "acks")
        let timeoutMs = try readInt32(frame.bytes, &at, "timeoutMs")
        let pending = PendingProduce(context: context, acks: acks, timeoutMs: timeoutMs)
        let refusal = Self.refusal(acks: acks, transactional: transactional)
        let index = staging.pendings.count
        staging.pendings.append(pending)
        do throws(WireError) {
            try stage(frame, &at, context, pending, index, refusal: refusal)
        } catch {
            staging.withdrawLast()
            throw error
        }
        // A burst's staged bytes are bounded by the receive buffer; its bookkeeping by this.
        if staging.pendings.count >= 1024 { flushProduce() }
    }

    /// Walks the request's topics.
    ///
    /// - Throws: when it turns out to be malformed; then none of it may be appended.
    private func stage(
        _ frame: UnsafeMutableRawBufferPointer, _ at: inout Int, _ context: RequestContext, _ pending: PendingProduce,
        _ index: Int, refusal: (code: ErrorCode, message: String)?
    ) throws(WireError) {
        let flexible = context.version >= 9
        let topicCount =
            try readArrayCount(frame.bytes, &at, flexible: flexible, elementSizeMin: 3, "topicData") ?? 0
        for _ in 0..<topicCount {
            let (name, id, topic) = try readTopic(frame, &at, context)
            let partitionCount =
                try readArrayCount(frame.bytes, &at, flexible: flexible, elementSizeMin: 5, "partitionData") ?? 0
            for _ in 0..<partitionCount {
                let partition = try readInt32(frame.bytes, &at, "index")
                let records = try readByteRange(frame.bytes, &at, flexible: flexible, "records")
                if flexible { try skipTags(frame.bytes, &at) }
                let result = pending.results.count
                pending.results.append(PendingProduce.PartitionResult(index: partition))
                if let refusal {
                    pending.fail(result, refusal.code, refusal.message)
                } else if let topic {
                    stage(frame, records, topic, partition, pending, index, result)
                } else {
                    pending.fail(result, context.version >= 13 ? .unknownTopicId : .unknownTopicOrPartition)
                }
            }
            if flexible { try skipTags(frame.bytes, &at) }
            pending.topics.append(PendingProduce.TopicResult(name: name, id: id, end: pending.results.count))
        }
        if flexible { try skipTags(frame.bytes, &at) }
    }

    private static func refusal(acks: Int16, transactional: Bool) -> (code: ErrorCode, message: String)? {
        if acks < -1 || acks > 1 { return (.invalidRequiredAcks, "acks must be -1, 0 or 1, not \(acks)") }
        if transactional { return (.invalidTxnState, "transactions are not served by this broker yet") }
        return nil
    }

    private func readTopic(
        _ frame: UnsafeMutableRawBufferPointer, _ at: inout Int, _ context: RequestContext
    ) throws(WireError) -> (name: String, id: TopicID, topic: Topic?) {
        if context.version >= 13 {
            let id = try readUUID(frame.bytes, &at, "topicId")
            let topic = topology.topic(id: id)
            return (topic?.name ?? "", id, topic)
        }
        let start = at
        let flexible = context.version >= 9
        let range = try readStringRange(frame.bytes, &at, flexible: flexible, "name")
        // A producer mostly stays with its topic: comparing the bytes is cheaper than making a string of them.
        if let range, let topic = context.connection.lastProduced, topic.name.utf8.count == range.count,
            topology.topic(id: topic.id) === topic, topic.name.utf8.elementsEqual(frame[range])
        {
            return (topic.name, topic.id, topic)
        }
        at = start
        let name = try readString(frame.bytes, &at, flexible: flexible, "name")
        let topic = topology.topic(named: name)
        context.connection.lastProduced = topic
        return (name, topic?.id ?? .zero, topic)
    }

    /// Checks a partition's batch and stages it, or notes why not.
    private func stage(
        _ frame: UnsafeMutableRawBufferPointer, _ records: Range<Int>?, _ topic: Topic, _ index: Int32,
        _ pending: PendingProduce, _ pendingIndex: Int, _ result: Int
    ) {
        guard let partition = topic.partition(index) else { return pending.fail(result, .unknownTopicOrPartition) }
        if let refusal = refusal(of: topic, partition, pending) {
            return pending.fail(result, refusal.code, refusal.message)
        }
        guard let records, !records.isEmpty else {
            return pending.fail(result, .invalidRecord, "a Produce request has exactly one record batch per partition")
        }
        let batch = UnsafeMutableRawBufferPointer(rebasing: frame[records])
        let verdict = admit(
            batch, rules: topic.config.produce, produceVersion: pending.version, now: now.timestamp, scratch: codecs)
        switch verdict {
        case .asIs(let header), .rebuilt(_, let header):
            if header.isTransactional {
                return pending.fail(result, .invalidTxnState, "transactions are not served by this broker yet")
            }
        case .refused: break
        }
        switch verdict {
        case .asIs(let header):
            staging.stage(
                batch, header, for: partition, pending: pendingIndex, result: result, awaits: pending.acks == -1)
        case .rebuilt(let bytes, let header):
            staging.stage(
                staging.own(bytes), header, for: partition, pending: pendingIndex, result: result,
                awaits: pending.acks == -1)
        case .refused(let code, let message, let badRecords):
            pending.fail(result, code, message)
            pending.results[result].badRecords = badRecords
        }
    }

    /// What forbids writing there now, whatever is written.
    private func refusal(
        of topic: Topic, _ partition: Partition, _ pending: PendingProduce
    ) -> (code: ErrorCode, message: String)? {
        if topic.isInternal { return (.invalidTopicException, "Cannot append to internal topic \(topic.name)") }
        var standing = partition.disk.standing
        if standing != .offline, partition.disk.available < broker.config.diskMinFreeBytes { standing = .full }
        switch standing {
        case .open: break
        case .throttled: pending.throttleMs = max(pending.throttleMs, Self.throttleMs(of: partition.disk, broker.config))
        case .full:
            return (
                .policyViolation,
                "the log directory \(partition.disk.disk.name) is full: \(partition.disk.available) bytes are free,"
                    + " log.dir.min.free.bytes is \(broker.config.diskMinFreeBytes)"
            )
        case .offline: return (.kafkaStorageError, "the log directory \(partition.disk.disk.name) is offline")
        }
        if pending.acks == -1, topic.config.minInSyncReplicas > 1 {
            return (
                .notEnoughReplicas,
                "\(partition.id) has 1 in-sync replica, min.insync.replicas is \(topic.config.minInSyncReplicas)"
            )
        }
        return nil
    }

    /// The nearer the disk is to full, the slower: from 50 ms to 1 s.
    private static func throttleMs(of disk: BrokerDisk, _ config: BrokerConfig) -> Int32 {
        let span = max(1, config.diskThrottleFreeBytes - config.diskMinFreeBytes)
        let left = min(span, max(0, disk.available - config.diskMinFreeBytes))
        return Int32(50 + 950 * (Double(span - left) / Double(span)))
    }

    // MARK: - The end of a burst

    /// Appends what is staged, with one write per partition, and answers or waits.
    func flushProduce() {
        if staging.isEmpty { return }
        for index in staging.groups.indices { appendGroup(index) }
        for pending in staging.pendings { finish(pending) }
        staging.clear()
    }

    private func appendGroup(_ index: Int) {
        if staging.groups[index].items.isEmpty { return }  // All of it was withdrawn.
        let partition = staging.groups[index].partition
        let appended = partition.append(
            &staging.groups[index].items, awaits: staging.groups[index].awaits, loop: id, now: now.timestamp)
        if let failure = appended.failure {
            if let error = failure.diskError { diskFailed(partition.disk, error) }
            for place in staging.groups[index].places {
                staging.pendings[place.pending].fail(place.result, failure.code, failure.message)
            }
            return wake(appended.wake, for: partition)
        }
        partition.disk.took(staging.groups[index].items.reduce(0) { $0 + $1.bytes.count })
        if let sync = appended.sync { emit(.sync(sync)) }
        for (item, place) in zip(staging.groups[index].items, staging.groups[index].places) {
            note(item, staging.pendings[place.pending], place.result, partition, appended)
        }
        wake(appended.wake, for: partition)
    }

    private func note(
        _ item: AppendItem, _ pending: PendingProduce, _ result: Int, _ partition: Partition,
        _ appended: Partition.Appended
    ) {
        let required: Offset
        switch item.outcome {
        case .appended(let base, let time):
            pending.results[result].baseOffset = base
            pending.results[result].appendTime = time ?? .none
            required = base + Int64(item.header.lastOffsetDelta) + 1
            counters.produceBytes += UInt64(item.bytes.count)
            counters.produceRecords += UInt64(max(0, item.header.recordCount))
        case .duplicate(let base, let time):
            pending.results[result].baseOffset = base
            if item.header.timestampType == .logAppendTime { pending.results[result].appendTime = time }
            required = base + Int64(item.header.lastOffsetDelta) + 1
        case .refused(let code, let message): return pending.fail(result, code, message)
        case .pending: invariantFailed("\(partition.id): an append left an item without outcome")
        }
        pending.results[result].startOffset = appended.startOffset
        if pending.acks == -1, required > appended.highWatermark {
            pending.results[result].required = required
            let place = acks.add(AckWait(pending: pending, result: result, required: required), for: partition)
            pending.waits.append((place, result))
        }
    }

    private func finish(_ pending: PendingProduce) {
        if pending.acks == 0 { return finishUnacknowledged(pending) }
        if pending.waits.isEmpty { return replyProduce(pending) }
        let deadline = now.instant.adding(milliseconds: Int64(max(0, pending.timeoutMs)))
        pending.timer = timers.set(deadline, .produceTimeout(pending))
    }

    /// Nothing is answered; a refused batch closes the connection, which is all the client will learn (as in Kafka).
    private func finishUnacknowledged(_ pending: PendingProduce) {
        count(ApiKey.produce.rawValue, receivedAt: pending.receivedAt)
        countErrors(of: pending)
        pending.connection.skipReply(pending.sequence)
        guard let failed = pending.results.first(where: { $0.error != .none }) else { return }
        refuse(
            pending.connection, "Closed a connection whose acks=0 batch was refused.",
            [("error", failed.error.name), ("reason", failed.message ?? "")])
    }

    // MARK: - Waiting for the high watermark

    func synced(_ outcome: SyncOutcome) {
        guard case .partition(let partition, let sync) = outcome.owner else {
            invariantFailed("the metadata log's sync came to data loop \(id.index)")
        }
        if let error = outcome.error { return diskFailed(partition.disk, error) }
        let synced = partition.syncCompleted(sync, loop: id)
        if let error = synced.diskError { diskFailed(partition.disk, error) }
        if let next = synced.sync { emit(.sync(next)) }
        wake(synced.wake, for: partition)
    }

    /// Acknowledges what the high watermark has passed. The list is in the order of offsets.
    func acknowledge(_ partition: Partition, upTo highWatermark: Offset) {
        while let (place, wait) = acks.first(for: partition), wait.required <= highWatermark {
            acks.remove(place)
            wait.pending.results[wait.result].required = nil
            wait.pending.waits.removeAll { $0.place == place }
            if wait.pending.waits.isEmpty {
                timers.cancel(wait.pending.timer)
                replyProduce(wait.pending)
            }
        }
    }

    /// The partition went offline: what waits there was not acknowledged, and never will be by us.
    func failAcks(_ partition: Partition, _ reason: String) {
        while let (place, wait) = acks.first(for: partition) {
            acks.remove(place)
            wait.pending.fail(wait.result, .kafkaStorageError, reason)
            wait.pending.waits.removeAll { $0.place == place }
            if wait.pending.waits.isEmpty {
                timers.cancel(wait.pending.timer)
                replyProduce(wait.pending)
            }
        }
    }

    func produceTimedOut(_ pending: PendingProduce) {
        for wait in pending.waits {
            acks.remove(wait.place)
            pending.fail(wait.result, .requestTimedOut, "not committed within \(pending.timeoutMs) ms")
        }
        pending.waits.removeAll()
        replyProduce(pending)
    }
}
