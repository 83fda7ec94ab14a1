import Vocabulary
extension Controller {
    func formatCluster(_ id: String, _ features: [(name: String, level: Int16)]) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func createTopics(_ topics: [NewTopic], validateOnly: Bool, at now: Timestamp) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func autoCreateTopics(_ names: [String], at now: Timestamp) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func deleteTopics(_ topics: [TopicReference]) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func createPartitions(_ topics: [NewPartitions], validateOnly: Bool) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func alterConfigs(_ c: [ConfigReplacement], validateOnly: Bool) -> MetadataDecision { MetadataDecision(reply: .configsAltered([])) }
    func incrementalAlterConfigs(_ c: [ConfigAlteration], validateOnly: Bool) -> MetadataDecision { MetadataDecision(reply: .configsAltered([])) }
    func registerBroker(_ n: NewBroker) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func fenceBroker(_ id: BrokerID, _ e: Int64) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func unfenceBroker(_ id: BrokerID, _ e: Int64) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func startBrokerShutdown(_ id: BrokerID, _ e: Int64) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func unregisterBroker(_ id: BrokerID) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func failDirectories(_ id: BrokerID, _ e: Int64, _ d: [UUID128]) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func setDirectories(_ id: BrokerID, _ e: Int64, _ d: [DirectoryAssignment]) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func allocateProducerIDs(_ id: BrokerID, _ e: Int64) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func alterPartitions(_ id: BrokerID, _ e: Int64, _ p: [PartitionProposal]) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
    func setFeature(_ n: String, _ l: Int16) throws(MetadataError) -> MetadataDecision { throw MetadataError(.unknownServerError, "not built yet") }
}
extension ConfigCatalogue {
    mutating func addTopicConfigs() {}
    mutating func addBrokerBasics() {}
    mutating func addBrokerNetwork() {}
    mutating func addBrokerLog() {}
    mutating func addBrokerReplication() {}
    mutating func addBrokerGroups() {}
    mutating func addBrokerSecurity() {}
    mutating func addBrokerLater() {}
}
