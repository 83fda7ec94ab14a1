import Client
import Messages
import Records
import Vocabulary
import Wire

/// A broker of one topic, `t`, that does what clients may rely on: idempotence by producer id, epoch and sequence with
/// a memory of five batches, reads of whole batches. Frames in, frames out.
struct FakeBroker {
    struct Log {
        var batches: [[UInt8]] = []
        var end: Int64 = 0
        /// Last five (first sequence, record count, offset), by producer id.
        var producers: [Int64: [(first: Int32, count: Int32, offset: Int64)]] = [:]
    }
    var logs: [Log]
    var lastProducerID: Int64 = 0
    /// Codes to answer Produce with before anything is stored.
    var refusals: [ErrorCode] = []
    /// Requests seen, by API.
    var seen: [Int16] = []
    /// Offers the lowest versions only, and knows no ApiVersions 3 (KIP-511).
    var isOld = false

    init(partitions: Int) { logs = Array(repeating: Log(), count: partitions) }

    /// - Returns: the answer's frame without its length.
    mutating func answer(_ frame: [UInt8]) throws -> [UInt8]? {
        let span = frame.span.bytes.extracting(4..<frame.count)
        var at = 0
        let key = try readInt16(span, &at)
        let version = try readInt16(span, &at)
        let correlationID = try readInt32(span, &at)
        _ = try readNullableString(span, &at, flexible: false)
        seen.append(key)
        func reply<R: RequestMessage>(_ type: R.Type, _ body: (R) -> R.Response) throws -> [UInt8] {
            let flexible = version >= R.flexibleFrom
            if flexible { try skipTags(span, &at) }
            let response = body(try R(span, &at, version: version))
            let header = withUnsafeBytes(of: correlationID.bigEndian, Array.init)
            return header + (flexible && key != 18 ? [0] : []) + response.encoded(version: version)
        }
        switch key {
        case 18 where isOld && version > 0:
            var refusal = ApiVersionsResponse()
            refusal.errorCode = ErrorCode.unsupportedVersion.rawValue
            return withUnsafeBytes(of: correlationID.bigEndian, Array.init) + refusal.encoded(version: 0)
        case 18: return try reply(ApiVersionsRequest.self) { _ in versions() }
        case 3: return try reply(MetadataRequest.self) { _ in makeMetadata(partitions: Int32(logs.count)) }
        case 22:
            lastProducerID += 1
            let id = lastProducerID
            return try reply(InitProducerIdRequest.self) { request in
                var response = InitProducerIdResponse()
                // An empty transactional id is not none.
                if request.transactionalId != nil { response.errorCode = ErrorCode.invalidRequest.rawValue }
                response.producerId = id
                return response
            }
        case 0:
            var copy = self
            let bytes = try reply(ProduceRequest.self) { copy.produce($0) }
            self = copy
            return bytes
        case 1: return try reply(FetchRequest.self) { fetch($0) }
        case 2: return try reply(ListOffsetsRequest.self) { listOffsets($0) }
        default: return nil
        }
    }

    private func versions() -> ApiVersionsResponse {
        var response = ApiVersionsResponse()
        let ranges: [(Int16, Int16)] =
            isOld
            ? [(0, 3), (1, 4), (2, 1), (3, 0), (18, 0), (22, 0)]
            : [(0, 13), (1, 17), (2, 10), (3, 13), (18, 4), (22, 5)]
        response.apiKeys = ranges.map { key, max in
            var api = ApiVersionsResponse.ApiVersion()
            api.apiKey = key
            api.maxVersion = max
            return api
        }
        return response
    }

    private mutating func produce(_ request: ProduceRequest) -> ProduceResponse {
        var response = ProduceResponse()
        let refusal = refusals.isEmpty ? nil : refusals.removeFirst()
        for topic in request.topicData {
            var answer = ProduceResponse.TopicProduceResponse()
            answer.topicId = topic.topicId
            answer.name = topic.name
            for part in topic.partitionData {
                var result = ProduceResponse.PartitionProduceResponse()
                result.index = part.index
                let (error, offset) = refusal.map { ($0, -1) } ?? append(part.records ?? [], Int(part.index))
                result.errorCode = error.rawValue
                result.baseOffset = offset
                answer.partitionResponses.append(result)
            }
            response.responses.append(answer)
        }
        return response
    }

    private mutating func append(_ batch: [UInt8], _ index: Int) -> (ErrorCode, Int64) {
        guard let header = try? BatchHeader(batch.span.bytes, at: 0),
            batchChecksumHolds(batch.span.bytes, header: header)
        else { return (.corruptMessage, -1) }
        if header.isIdempotent {
            let known = logs[index].producers[header.producerID] ?? []
            if let old = known.first(where: {
                $0.first == header.baseSequence && $0.count == header.recordCount
            }) {
                return (.none, old.offset)
            }
            let expected = known.last.map { BatchPatch.advance($0.first, by: $0.count) } ?? 0
            guard header.baseSequence == expected else { return (.outOfOrderSequenceNumber, -1) }
            logs[index].producers[header.producerID] =
                known.suffix(4) + [(header.baseSequence, header.recordCount, logs[index].end)]
        }
        var batch = batch
        let base = logs[index].end
        batch.withUnsafeMutableBytes { stamp($0, baseOffset: base, leaderEpoch: 0) }
        logs[index].batches.append(batch)
        logs[index].end += Int64(header.recordCount)
        return (.none, base)
    }

    private func fetch(_ request: FetchRequest) -> FetchResponse {
        var response = FetchResponse()
        for topic in request.topics {
            var answer = FetchResponse.FetchableTopicResponse()
            answer.topicId = topic.topicId
            answer.topic = topic.topic
            for part in topic.partitions {
                var result = FetchResponse.PartitionData()
                result.partitionIndex = part.partition
                let log = logs[Int(part.partition)]
                result.highWatermark = log.end
                if part.fetchOffset < 0 || part.fetchOffset > log.end {
                    result.errorCode = ErrorCode.offsetOutOfRange.rawValue
                } else {
                    result.records =
                        log.batches.first {
                            (try? BatchHeader($0.span.bytes, at: 0)).map { $0.nextOffset > part.fetchOffset }
                                ?? false
                        } ?? []
                }
                answer.partitions.append(result)
            }
            response.responses.append(answer)
        }
        return response
    }

    private func listOffsets(_ request: ListOffsetsRequest) -> ListOffsetsResponse {
        var response = ListOffsetsResponse()
        for topic in request.topics {
            var answer = ListOffsetsResponse.ListOffsetsTopicResponse()
            answer.name = topic.name
            for part in topic.partitions {
                var result = ListOffsetsResponse.ListOffsetsPartitionResponse()
                result.partitionIndex = part.partitionIndex
                result.offset = part.timestamp == -2 ? 0 : logs[Int(part.partitionIndex)].end
                if part.timestamp >= 0 { result.offset = -1 }
                answer.partitions.append(result)
            }
            response.topics.append(answer)
        }
        return response
    }
}
