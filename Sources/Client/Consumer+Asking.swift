import Messages
import Vocabulary

/// What is asked of which broker.
extension Consumer {
    mutating func ask(_ effects: inout [Effect], view: ClusterView, at now: Instant) {
        var lookups: [BrokerID: [TopicPartition]] = [:]
        var reads: [BrokerID: [TopicPartition]] = [:]
        var isLeaderless = false
        for place in lanes.keys.sorted() {
            let lane = lanes[place]!
            guard !lane.isFinished, !lane.isBusy, (lane.notBefore ?? now) <= now else { continue }
            if let topic = view.topics[place.topic], topic.error != .none, !topic.error.isRetriable {
                giveUp(place, .broker(topic.error, nil), &effects)
                continue
            }
            guard let leader = view[place]?.leader, leader != .none else {
                if isPatient(with: place, at: now) {
                    isLeaderless = true
                } else {
                    giveUp(place, .broker(.leaderNotAvailable, nil), &effects)
                }
                continue
            }
            if lane.lookups.isEmpty {
                reads[leader, default: []].append(place)
            } else {
                lookups[leader, default: []].append(place)
            }
        }
        for broker in lookups.keys.sorted() { effects.append(listOffsets(lookups[broker]!, broker, view)) }
        if bufferedBytes < settings.prefetchBytesMax {
            let fetching = Set(requests.values.filter(\.isFetch).map(\.broker))
            for broker in reads.keys.sorted() where !fetching.contains(broker) {
                effects.append(fetch(reads[broker]!, broker, view))
            }
        }
        if isLeaderless { effects.append(.refreshMetadata) }
    }

    mutating func giveUp(_ place: TopicPartition, _ error: ClientError, _ effects: inout [Effect]) {
        lanes[place]!.isFinished = true
        effects.append(.failed(place, error))
    }

    private mutating func begin(_ places: [TopicPartition], _ broker: BrokerID, isFetch: Bool) -> Int {
        lastToken += 1
        requests[lastToken] = Request(broker: broker, places: places, isFetch: isFetch)
        for place in places {
            lanes[place]!.isBusy = true
            lanes[place]!.notBefore = nil
        }
        return lastToken
    }

    private mutating func listOffsets(_ places: [TopicPartition], _ broker: BrokerID, _ view: ClusterView)
        -> Effect
    {
        var request = ListOffsetsRequest()
        request.replicaId = -1
        for place in places {
            var partition = ListOffsetsRequest.ListOffsetsPartition()
            partition.partitionIndex = place.partition
            partition.currentLeaderEpoch = view[place]?.leaderEpoch.value ?? -1
            switch lanes[place]!.lookups[0] {
            case .stop, .end: partition.timestamp = ConsumerLane.latest
            case .floor: partition.timestamp = ConsumerLane.earliest
            case .start(let timestamp): partition.timestamp = timestamp
            }
            if request.topics.last?.name != place.topic {
                var topic = ListOffsetsRequest.ListOffsetsTopic()
                topic.name = place.topic
                request.topics.append(topic)
            }
            request.topics[request.topics.count - 1].partitions.append(partition)
        }
        return .listOffsets(request, to: broker, token: begin(places, broker, isFetch: false))
    }

    private mutating func fetch(_ places: [TopicPartition], _ broker: BrokerID, _ view: ClusterView) -> Effect
    {
        let byName = places.contains { (view.topics[$0.topic]?.id ?? .zero) == .zero }
        var wanted: [TopicPartition: FetchSession.Wish] = [:]
        for place in places {
            wanted[place] = FetchSession.Wish(
                offset: lanes[place]!.position, leaderEpoch: view[place]?.leaderEpoch ?? .unknown,
                topicID: byName ? .zero : view.topics[place.topic]!.id, maxBytes: settings.partitionBytesMax)
        }
        var session = sessions[broker] ?? FetchSession()
        if !settings.usesSessions { session.reset() }
        let (changed, forgotten) = session.plan(wanted)
        var request = FetchRequest()
        request.maxWaitMs = settings.maxWaitMs
        request.minBytes = settings.minBytes
        request.maxBytes = settings.fetchBytesMax
        request.sessionId = session.id
        request.sessionEpoch = settings.usesSessions ? session.epoch : -1
        request.topics = topics(changed, wanted)
        request.forgottenTopicsData = forgotten.map { place, topicID in
            var topic = FetchRequest.ForgottenTopic()
            topic.topic = place.topic
            topic.topicId = topicID
            topic.partitions = [place.partition]
            return topic
        }
        sessions[broker] = session
        return .fetch(request, byName: byName, to: broker, token: begin(places, broker, isFetch: true))
    }

    private func topics(
        _ places: [TopicPartition], _ wanted: [TopicPartition: FetchSession.Wish]
    ) -> [FetchRequest.FetchTopic] {
        var topics: [FetchRequest.FetchTopic] = []
        for place in places {
            let wish = wanted[place]!
            var partition = FetchRequest.FetchPartition()
            partition.partition = place.partition
            partition.currentLeaderEpoch = wish.leaderEpoch.value
            partition.fetchOffset = wish.offset.value
            partition.partitionMaxBytes = wish.maxBytes
            if topics.last?.topic != place.topic {
                var topic = FetchRequest.FetchTopic()
                topic.topic = place.topic
                topic.topicId = wish.topicID
                topics.append(topic)
            }
            topics[topics.count - 1].partitions.append(partition)
        }
        return topics
    }
}
