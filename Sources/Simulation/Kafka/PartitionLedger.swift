package import Vocabulary

/// What brokers have vouched for, of each partition: records acknowledged with acks=all, and records that a consumer was shown. None
/// of them may go, change, or be there twice.
///
/// Every record carries a value that no other has.
package struct PartitionLedger {
    package struct Place: Hashable, Sendable, CustomStringConvertible {
        package let topic: TopicID
        package let partition: Int32

        package init(topic: TopicID, partition: Int32) {
            self.topic = topic
            self.partition = partition
        }

        package var description: String { "\(topic)-\(partition)" }
    }
    /// Values by offset; the first is at 0, and nil was not vouched for by itself but by what stands behind it.
    private var held: [Place: [Int64?]] = [:]
    private var placeOf: [Int64: (place: Place, offset: Int64)] = [:]
    private var meant: [Int64: Place] = [:]

    package init() {}

    /// Behind the last record that was vouched for.
    package func end(of place: Place) -> Int64 { Int64(held[place]?.count ?? 0) }

    /// A value is on its way to a partition.
    package mutating func asked(_ value: Int64, _ place: Place) { meant[value] = place }

    /// - Returns: what is wrong, in words.
    package mutating func acknowledged(_ values: [Int64], at base: Int64, _ place: Place) -> String? {
        for (index, value) in values.enumerated() {
            if let wrong = vouch(value, at: base + Int64(index), place) { return "acknowledged: \(wrong)" }
        }
        return nil
    }

    /// What a consumer got that asked from `start` on.
    /// - Returns: what is wrong, in words.
    package mutating func read(
        _ records: [(offset: Int64, value: Int64)], from start: Int64, _ place: Place
    ) -> String? {
        var expected = start
        for (offset, value) in records {
            if offset != expected { return "\(place) has offset \(offset) where \(expected) was to come" }
            expected += 1
            if let wrong = vouch(value, at: offset, place) { return "read: \(wrong)" }
        }
        return nil
    }

    /// A partition's end, as told in answer to a request that was sent when `known` was its end here.
    package func checkEnd(_ told: Int64, known: Int64, _ place: Place) -> String? {
        told >= known ? nil : "\(place) ends at \(told), and offset \(known - 1) was vouched for"
    }

    private mutating func vouch(_ value: Int64, at offset: Int64, _ place: Place) -> String? {
        guard meant[value] == place else {
            return "\(place) at \(offset) holds \(value), which nobody wrote there"
        }
        if let other = placeOf[value], other.place != place || other.offset != offset {
            return "\(value) is at offset \(other.offset) of \(other.place) and at \(offset) of \(place)"
        }
        var values = held[place] ?? []
        if let known = values[safe: offset], known != value {
            return "\(place) at \(offset) held \(known), holds \(value)"
        }
        while values.count <= offset { values.append(nil) }
        values[Int(offset)] = value
        held[place] = values
        placeOf[value] = (place, offset)
        return nil
    }
}

extension [Int64?] {
    fileprivate subscript(safe offset: Int64) -> Int64? { offset < count ? self[Int(offset)] : nil }
}
