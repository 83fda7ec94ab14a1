import HashTreeCollections
import Vocabulary

// The cluster as a whole: its id, its features, its producer ids.
extension Controller {
    func formatCluster(
        _ clusterID: String, _ features: [(name: String, level: Int16)]
    ) throws(MetadataError) -> MetadataDecision {
        if let id = image.clusterID {
            throw MetadataError(.invalidRequest, "The cluster is formatted already, with cluster ID \(id).")
        }
        if clusterID.isEmpty { throw MetadataError(.invalidRequest, "The cluster ID must not be empty.") }
        let levels = features.sorted { $0.name < $1.name }.map { feature in
            MetadataRecord.featureSet(name: feature.name, level: feature.level)
        }
        return MetadataDecision(records: [.clusterFormatted(clusterID: clusterID)] + levels, reply: .done)
    }

    /// A block of ids of its own, so that a broker can hand them out without asking (KIP-730).
    func allocateProducerIDs(_ id: BrokerID, _ epoch: Int64) throws(MetadataError) -> MetadataDecision {
        _ = try registered(id, epoch)
        let first = image.nextProducerID
        let (next, overflow) = first.addingReportingOverflow(Int64(Self.producerIDsPerBlock))
        if overflow {
            throw MetadataError(
                .unknownServerError, "Exhausted all producerIds as the next block's end is too large.")
        }
        return MetadataDecision(
            records: [.producerIDsAllocated(to: id, epoch: epoch, next: next)],
            reply: .producerIDsAllocated(first: first, count: Self.producerIDsPerBlock))
    }

    /// A level that every registered broker can work at (KIP-584).
    func setFeature(_ name: String, _ level: Int16) throws(MetadataError) -> MetadataDecision {
        let refuse = { (why: String) in
            MetadataError(
                .invalidUpdateVersion, "Invalid update version \(level) for feature \(name). \(why)")
        }
        if name.isEmpty { throw refuse("A feature's name must not be empty.") }
        if level < 0 { throw refuse("A level cannot be negative.") }
        if image.features[name] ?? 0 == level { return MetadataDecision(reply: .done) }
        for broker in image.brokersByID where level > 0 {
            guard let range = broker.features.first(where: { $0.name == name }) else {
                throw refuse("Broker \(broker.id) does not support this feature.")
            }
            if level < range.min || level > range.max {
                throw refuse("Broker \(broker.id) only supports versions \(range.min)-\(range.max)")
            }
        }
        return MetadataDecision(records: [.featureSet(name: name, level: level)], reply: .done)
    }
}
