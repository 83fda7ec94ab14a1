import Vocabulary

/// A decision in the making: the records so far, and the image they lead to, so that what is asked later in a
/// command sees what was granted earlier in it. A copy is free: keep one to take back what turns out wrong.
struct Draft {
    private(set) var image: ClusterImage
    private var added: [MetadataRecord] = []
    private var conclusion: [MetadataRecord] = []

    init(_ image: ClusterImage) { self.image = image }

    mutating func add(_ record: MetadataRecord) {
        image.apply(record)
        added.append(record)
    }

    /// Applies a record now, and puts it behind all others: what follows from it is written before it, so that when only
    /// a part gets written, the command can be given again and does the rest. The two must commute.
    mutating func conclude(with record: MetadataRecord) {
        image.apply(record)
        conclusion.append(record)
    }

    var records: [MetadataRecord] { added + conclusion }
}
