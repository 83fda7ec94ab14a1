import Vocabulary

/// Why a batch is not appended.
struct Refusal: Error {
    var code: ErrorCode
    var message: String
    var badRecords: [(index: Int32, message: String)] = []

    init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What a batch with a valid checksum, but bad records, is answered. Not CORRUPT_MESSAGE: a client would send the
    /// same bytes again.
    init(_ error: RecordError) {
        switch error {
        case .tooLarge(let limit):
            self.init(.messageTooLarge, "The records take more than \(limit) bytes when decompressed")
        case .undecodable(let codec):
            self.init(.invalidRecord, "The records cannot be decompressed with \(codec.name)")
        case .badCount(let count):
            self.init(.invalidRecord, "The batch does not hold the \(count) records that its header reports")
        default:
            self.init(.invalidRecord, "The records are malformed (\(error))")
        }
    }
}
