import Vocabulary

/// A decision in the making: the records so far, and the image they lead to, so that what is asked later in a
/// command sees what was granted earlier in it. A copy is free: keep one to take back what turns out wrong.
struct Draft {
    private(set) var image: ClusterImage
    private(set) var records: [MetadataRecord] = []

    init(_ image: ClusterImage) { self.image = image }

    mutating func add(_ record: MetadataRecord) {
        image.apply(record)
        records.append(record)
    }
}
