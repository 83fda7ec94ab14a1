package import Vocabulary

/// One record on its way to a broker.
package struct RecordToSend: Equatable, Sendable {
    package struct Header: Equatable, Sendable {
        package var key: String
        package var value: [UInt8]?

        package init(key: String, value: [UInt8]?) {
            self.key = key
            self.value = value
        }
    }
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: [Header] = []
    package var timestamp: Timestamp
    /// nil: the partitioner chooses.
    package var partition: Int32?

    package init(key: [UInt8]? = nil, value: [UInt8]?, timestamp: Timestamp) {
        self.key = key
        self.value = value
        self.timestamp = timestamp
    }
}
