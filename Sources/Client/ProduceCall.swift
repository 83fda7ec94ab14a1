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
        // Transactional id (null), acks, timeout, topics, tags.
        var size = (flexible ? 1 : 2) + 2 + 4 + arraySize(topics.count, flexible)
        for topic in topics {
            size += version >= 13 ? 16 : stringSize(topic.name, flexible)
            size += arraySize(topic.parts.count, flexible)
            for part in topic.parts {
                size += 4 + (flexible ? uvarintSize(part.records.count + 1) + 1 : 4) + part.records.count
            }
            size += flexible ? 1 : 0
        }
        return size + (flexible ? 1 : 0)
    }

    package func writeBody(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16) {
        let flexible = version >= flexibleFrom
        if flexible { writeUVarint(0, out, &at) } else { writeInt16(-1, out, &at) }
        writeInt16(acks, out, &at)
        writeInt32(timeoutMs, out, &at)
        writeCount(topics.count, out, &at, flexible)
        for topic in topics {
            if version >= 13 {
                writeUUID(topic.id, out, &at)
            } else {
                writeString(topic.name, out, &at, flexible: flexible)
            }
            writeCount(topic.parts.count, out, &at, flexible)
            for part in topic.parts {
                writeInt32(part.index, out, &at)
                writeCount(part.records.count, out, &at, flexible)
                part.records.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: out[at..<at + bytes.count]).copyMemory(from: bytes)
                    at += bytes.count
                }
                if flexible { writeUVarint(0, out, &at) }
            }
            if flexible { writeUVarint(0, out, &at) }
        }
        if flexible { writeUVarint(0, out, &at) }
    }

    private func writeCount(_ count: Int, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, _ flexible: Bool) {
        if flexible { writeUVarint(UInt64(count + 1), out, &at) } else { writeInt32(Int32(count), out, &at) }
    }
    private func arraySize(_ count: Int, _ flexible: Bool) -> Int { flexible ? uvarintSize(count + 1) : 4 }
    private func stringSize(_ text: String, _ flexible: Bool) -> Int {
        text.utf8.count + (flexible ? uvarintSize(text.utf8.count + 1) : 2)
    }
    private func uvarintSize(_ value: Int) -> Int { max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7) }
}
