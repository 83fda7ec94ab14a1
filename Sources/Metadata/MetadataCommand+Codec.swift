package import Vocabulary

/// The form of a command on its way to the controller: type, version, then the fields in order, as in records.
///
/// It lives no longer than a request, but brokers of two versions may talk to each other. So what is unknown is an error
/// here too: who forwarded the command is told, and nothing is done by half.
extension MetadataCommand {
    package func encode() -> [UInt8] {
        var out = FieldWriter()
        out.put(type: type)
        out.putVersion()
        switch self {
        case .formatCluster(let id, let features):
            out.put(id)
            out.put(features) { out, feature in
                out.put(feature.name)
                out.put(feature.level)
            }
        case .createTopics(let topics, let validateOnly):
            out.put(topics) { $1.encode(to: &$0) }
            out.put(validateOnly)
        case .autoCreateTopics(let names): out.put(names) { $0.put($1) }
        case .deleteTopics(let topics): out.put(topics) { $1.encode(to: &$0) }
        case .createPartitions(let topics, let validateOnly):
            out.put(topics) { $1.encode(to: &$0) }
            out.put(validateOnly)
        case .alterConfigs(let changes, let validateOnly):
            out.put(changes) { $1.encode(to: &$0) }
            out.put(validateOnly)
        case .incrementalAlterConfigs(let changes, let validateOnly):
            out.put(changes) { $1.encode(to: &$0) }
            out.put(validateOnly)
        case .registerBroker(let new): new.encode(to: &out)
        case .fenceBroker(let id, let epoch), .unfenceBroker(let id, let epoch),
            .startBrokerShutdown(let id, let epoch), .allocateProducerIDs(let id, let epoch):
            out.put(id)
            out.put(epoch)
        case .unregisterBroker(let id): out.put(id)
        case .failDirectories(let id, let epoch, let directories):
            out.put(id)
            out.put(epoch)
            out.put(directories)
        case .setDirectories(let id, let epoch, let assignments):
            out.put(id)
            out.put(epoch)
            out.put(assignments) { $1.encode(to: &$0) }
        case .alterPartitions(let id, let epoch, let proposals):
            out.put(id)
            out.put(epoch)
            out.put(proposals) { $1.encode(to: &$0) }
        case .setFeature(let name, let level):
            out.put(name)
            out.put(level)
        }
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(FieldError) {
        var input = FieldReader(bytes)
        let type = try input.type(CommandType.self)
        try input.version()
        self = try Self.decode(type, from: &input)
        try input.end()
    }

    /// Never reused, never renumbered.
    private enum CommandType: UInt64 {
        case formatCluster = 1
        case createTopics = 2
        case autoCreateTopics = 3
        case deleteTopics = 4
        case createPartitions = 5
        case alterConfigs = 6
        case incrementalAlterConfigs = 7
        case registerBroker = 8
        case fenceBroker = 9
        case unfenceBroker = 10
        case startBrokerShutdown = 11
        case unregisterBroker = 12
        case failDirectories = 13
        case setDirectories = 14
        case allocateProducerIDs = 15
        case alterPartitions = 16
        case setFeature = 17
    }

    private var type: CommandType {
        switch self {
        case .formatCluster: .formatCluster
        case .createTopics: .createTopics
        case .autoCreateTopics: .autoCreateTopics
        case .deleteTopics: .deleteTopics
        case .createPartitions: .createPartitions
        case .alterConfigs: .alterConfigs
        case .incrementalAlterConfigs: .incrementalAlterConfigs
        case .registerBroker: .registerBroker
        case .fenceBroker: .fenceBroker
        case .unfenceBroker: .unfenceBroker
        case .startBrokerShutdown: .startBrokerShutdown
        case .unregisterBroker: .unregisterBroker
        case .failDirectories: .failDirectories
        case .setDirectories: .setDirectories
        case .allocateProducerIDs: .allocateProducerIDs
        case .alterPartitions: .alterPartitions
        case .setFeature: .setFeature
        }
    }

    private static func decode(
        _ type: CommandType, from input: inout FieldReader
    ) throws(FieldError) -> MetadataCommand {
        switch type {
        case .formatCluster:
            .formatCluster(
                clusterID: try input.string(),
                features: try input.array(itemBytesMin: 3) { input throws(FieldError) in
                    (name: try input.string(), level: try input.integer(Int16.self))
                })
        case .createTopics:
            .createTopics(
                try input.array(itemBytesMin: 9, NewTopic.init(from:)), validateOnly: try input.boolean())
        case .autoCreateTopics: .autoCreateTopics(try input.strings())
        case .deleteTopics: .deleteTopics(try input.array(itemBytesMin: 2, TopicReference.init(from:)))
        case .createPartitions:
            .createPartitions(
                try input.array(itemBytesMin: 6, NewPartitions.init(from:)),
                validateOnly: try input.boolean())
        case .alterConfigs:
            .alterConfigs(
                try input.array(itemBytesMin: 3, ConfigReplacement.init(from:)),
                validateOnly: try input.boolean())
        case .incrementalAlterConfigs:
            .incrementalAlterConfigs(
                try input.array(itemBytesMin: 3, ConfigAlteration.init(from:)),
                validateOnly: try input.boolean())
        case .registerBroker: .registerBroker(try NewBroker(from: &input))
        case .fenceBroker: .fenceBroker(try input.broker(), epoch: try input.integer(Int64.self))
        case .unfenceBroker: .unfenceBroker(try input.broker(), epoch: try input.integer(Int64.self))
        case .startBrokerShutdown:
            .startBrokerShutdown(try input.broker(), epoch: try input.integer(Int64.self))
        case .unregisterBroker: .unregisterBroker(try input.broker())
        case .failDirectories:
            .failDirectories(
                try input.broker(), epoch: try input.integer(Int64.self), directories: try input.uuids())
        case .setDirectories:
            .setDirectories(
                try input.broker(), epoch: try input.integer(Int64.self),
                try input.array(itemBytesMin: 36, DirectoryAssignment.init(from:)))
        case .allocateProducerIDs:
            .allocateProducerIDs(try input.broker(), epoch: try input.integer(Int64.self))
        case .alterPartitions:
            .alterPartitions(
                try input.broker(), epoch: try input.integer(Int64.self),
                try input.array(itemBytesMin: 30, PartitionProposal.init(from:)))
        case .setFeature: .setFeature(name: try input.string(), level: try input.integer(Int16.self))
        }
    }
}
