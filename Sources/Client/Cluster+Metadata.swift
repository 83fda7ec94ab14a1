import Messages
import Vocabulary
import Wire

/// Keeping the picture of the cluster fresh: one Metadata request at a time, spaced by the backoff.
extension Cluster {
    mutating func askForMetadata(at now: Instant) {
        if metadata.freshUntil <= now, viewAge > 0 { metadata.isWanted = true }
        guard metadata.isWanted, !metadata.isAsking, metadata.notBefore <= now else { return }
        metadata.isWanted = false
        metadata.isAsking = true
        var request = MetadataRequest()
        request.allowAutoTopicCreation = settings.allowsTopicCreation
        if allTopics {
            request.topics = nil
        } else {
            request.topics = topics.sorted().map { name in
                var topic = MetadataRequest.MetadataRequestTopic()
                topic.name = name
                return topic
            }
        }
        let call = MessageCall(request, versionMax: 12) { request, version in
            if version < 4 { request.allowAutoTopicCreation = true }  // Old brokers know no other way.
        }
        send(call, to: .any, token: Self.metadataToken, at: now)
    }

    mutating func takeMetadata(
        _ frame: RawSpan, bodyAt: Int, version: Int16, at now: Instant
    ) throws(ClientError) {
        metadata.isAsking = false
        var at = bodyAt
        let response: MetadataResponse
        do throws(WireError) { response = try MetadataResponse(frame, &at, version: version) } catch {
            throw .malformed("Metadata: \(error)")
        }
        view.apply(response)
        viewAge += 1
        let isSettled = topics.allSatisfy { name in
            guard let topic = view.topics[name] else { return false }
            return !topic.error.isRetriable && topic.partitions.allSatisfy { $0.leader != .none }
        }
        // An unsettled picture is asked for again, more and more slowly.
        metadata.failures = isSettled ? 0 : metadata.failures + 1
        if !isSettled { metadata.isWanted = true }
        metadata.notBefore = now.adding(milliseconds: backoffMs(failures: max(1, metadata.failures)))
        metadata.freshUntil = now.adding(milliseconds: settings.metadataAgeMaxMs)
    }
}
