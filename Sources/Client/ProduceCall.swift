package import Vocabulary
import Wire

/// A Produce request written without a message struct, so that record bytes are copied once, into the frame.
package struct ProduceCall: ClientCall {
    package struct Part: Equatable, Sendable {
        package let index: Int32
        /// One finished batch.
        package let records: [UInt8]

        package init(index: Int32, records: [UInt8]) {
            self.index = index
            self.records = records
        }
    }
    package struct Topic: Equatable, Sendable {
        package let name: String
        package let id: TopicID
        package var parts: [Part]

        package init(name: String, id: TopicID, parts: [Part]) {
            self.name = name
            self.id = id
            self.parts = parts
        }
    }

    package let acks: Int16
    package let timeoutMs: Int32
    package let topics: [Topic]

    package init(acks: Int16, timeoutMs: Int32, topics: [Topic]) {
        self.acks = acks
        self.timeoutMs = timeoutMs
        self.topics = topics
    }

    package var apiKey: Int16 { 0 }
    package var flexibleFrom: Int16 { 9 }
    /// From 13 on topics go by their ids (KIP-516), so all of them must be known.
    package var versions: ClosedRange<Int16> { topics.allSatisfy { $0.id != .zero } ? 3...13 : 3...12 }
    package var expectsReply: Bool { acks != 0 }

    package func bodySize(version: Int16) -> Int {
        let flexible = version >= flexibleFrom
        let tags = flexible ? 1 : 0
        // Transactional id (null), acks, timeout, topics, tags.
        var size = (flexible ? 1 : 2) + 2 + 4 + countSize(topics.count, flexible: flexible) + tags
        for topic in topics {
            size += version >= 13 ? 16 : stringSize(topic.name, flexible: flexible)
            size += countSize(topic.parts.count, flexible: flexible) + tags
            for part in topic.parts { size += 4 + bytesSize(part.records, flexible: flexible) + tags }
        }
        return size
    }

    package func writeBody(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16) {
        let flexible = version >= flexibleFrom
        writeNullableString(nil, out, &at, flexible: flexible)
        writeInt16(acks, out, &at)
        writeInt32(timeoutMs, out, &at)
        writeCount(topics.count, out, &at, flexible: flexible)
        for topic in topics {
            if version >= 13 {
                writeUUID(topic.id, out, &at)
            } else {
                writeString(topic.name, out, &at, flexible: flexible)
            }
            writeCount(topic.parts.count, out, &at, flexible: flexible)
            for part in topic.parts {
                writeInt32(part.index, out, &at)
                writeBytes(part.records, out, &at, flexible: flexible)
                if flexible { writeUVarint(0, out, &at) }
            }
            if flexible { writeUVarint(0, out, &at) }
        }
        if flexible { writeUVarint(0, out, &at) }
    }
}
