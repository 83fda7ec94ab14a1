import HashTreeCollections
import Vocabulary

// Changing configurations. Codes and messages are Kafka's.
extension Controller {
    typealias Values = TreeDictionary<String, String>

    func alterConfigs(_ changes: [ConfigReplacement], validateOnly: Bool) -> MetadataDecision {
        alter(changes, validateOnly: validateOnly, resource: \.resource) {
            change, image throws(MetadataError) in
            if !Self.repeated(change.values.map(\.name)).isEmpty {
                throw MetadataError(.invalidRequest, "Error due to duplicate config keys")
            }
            var values: Values = [:]
            for (name, value) in change.values {
                guard let value else {
                    throw MetadataError(.invalidRequest, "Null value not supported for : \(name)")
                }
                values[name] = value
            }
            return values
        }
    }

    func incrementalAlterConfigs(_ changes: [ConfigAlteration], validateOnly: Bool) -> MetadataDecision {
        alter(changes, validateOnly: validateOnly, resource: \.resource) {
            change, image throws(MetadataError) in
            if !Self.repeated(change.changes.map(\.name)).isEmpty {
                throw MetadataError(.invalidRequest, "Error due to duplicate config keys")
            }
            var values = image.config(change.resource)
            for (name, operation, value) in change.changes {
                values[name] = try applied(
                    operation, name, value, to: values[name], of: change.resource, in: image)
            }
            return values
        }
    }

    // MARK: Both

    /// One result for each resource; the records for those that pass.
    private func alter<Change>(
        _ changes: [Change], validateOnly: Bool, resource: (Change) -> ConfigResource,
        wanted: (Change, ClusterImage) throws(MetadataError) -> Values
    ) -> MetadataDecision {
        var draft = Draft(image)
        var results: [ConfigResult] = []
        let twice = Self.repeated(changes.map(resource))
        for change in changes {
            let resource = resource(change)
            if twice.contains(resource) {
                if results.contains(where: { $0.resource == resource }) { continue }
                results.append(
                    .init(
                        resource: resource,
                        error: .init(.invalidRequest, "Each resource must appear at most once.")))
                continue
            }
            do throws(MetadataError) {
                try checkExists(resource)
                try replace(resource, with: try wanted(change, draft.image), in: &draft)
                results.append(.init(resource: resource))
            } catch {
                results.append(.init(resource: resource, error: error))
            }
        }
        return MetadataDecision(records: validateOnly ? [] : draft.records, reply: .configsAltered(results))
    }

    private func checkExists(_ resource: ConfigResource) throws(MetadataError) {
        switch resource.kind {
        case .topic:
            if let problem = TopicName.problem(resource.name) {
                throw MetadataError(.invalidTopicException, problem)
            }
            if image.topicIDs[resource.name] == nil {
                throw MetadataError(
                    .unknownTopicOrPartition, "The topic '\(resource.name)' does not exist.")
            }
        case .broker:
            if resource.name.isEmpty { return }
            guard let id = Int32(resource.name), String(id) == resource.name else {
                throw MetadataError(.invalidRequest, "Invalid broker name \(resource.name)")
            }
            if image.brokers[BrokerID(id)] == nil {
                throw MetadataError(.brokerIdNotRegistered, "No node with id \(id) found.")
            }
        case .brokerLogger:
            throw MetadataError(
                .invalidRequest, "Log levels cannot be changed through the cluster's metadata.")
        case .clientMetrics, .group:
            throw MetadataError(
                .invalidRequest, "Configurations of type \(resource.kind) are not supported yet.")
        }
    }

    /// The value after an operation; nil when it is gone.
    private func applied(
        _ operation: ConfigAlteration.Operation, _ name: String, _ value: String?, to current: String?,
        of resource: ConfigResource, in image: ClusterImage
    ) throws(MetadataError) -> String? {
        // What is not there is gone already, and its name need not mean anything.
        if operation == .delete { return nil }
        guard let definition = catalogue(resource)[name] else { throw unknown(name, resource) }
        guard let value else {
            throw MetadataError(.invalidRequest, "Null value not supported for : \(name)")
        }
        if operation == .set { return value }
        guard definition.type == .list else {
            let verb = operation == .append ? "APPEND" : "SUBTRACT"
            throw MetadataError(
                .invalidConfig, "Can't \(verb) to key \(name) because its type is not LIST.")
        }
        var items = ConfigDefinition.list(current ?? inherited(name, of: resource, in: image))
        let changes = ConfigDefinition.list(value)
        if operation == .append {
            for item in changes where !items.contains(item) { items.append(item) }
        } else {
            items.removeAll { changes.contains($0) }
        }
        return items.joined(separator: ",")
    }

    /// What holds where the resource itself says nothing: a list grows from there.
    private func inherited(_ name: String, of resource: ConfigResource, in image: ClusterImage) -> String {
        let configs = effective(image)
        let resolved = resource.kind == .topic ? configs.topic(resource.name, name) : configs.broker(name)
        return resolved.value ?? ""
    }

    private func replace(
        _ resource: ConfigResource, with values: Values, in draft: inout Draft
    ) throws(MetadataError) {
        let old = draft.image.config(resource)
        let changed = Set(old.keys).union(values.keys).filter { old[$0] != values[$0] }.sorted()
        switch resource.kind {
        case .topic: try check(topicValues: values)
        default: try check(brokerValues: values, changed: changed, of: resource)
        }
        for name in changed {
            if let value = values[name] {
                draft.add(.configSet(resource, name: name, value: value))
            } else {
                draft.add(.configRemoved(resource, name: name))
            }
        }
        if changed.contains(where: { $0 == "min.insync.replicas" || $0 == "unclean.leader.election.enable" })
        {
            settlePartitions(onlyTopic: resource.kind == .topic ? resource.name : nil, in: &draft)
        }
    }

    // MARK: Checking

    /// The configuration of a new topic, by name.
    func checkTopicConfigs(
        _ configs: [(name: String, value: String?)]
    ) throws(MetadataError) -> [(name: String, value: String)] {
        var values: Values = [:]
        let missing = configs.filter { $0.value == nil }.map(\.name)
        if !missing.isEmpty {
            throw MetadataError(
                .invalidConfig,
                "Null value not supported for topic configs: \(missing.joined(separator: ","))")
        }
        for (name, value) in configs { values[name] = value }
        try check(topicValues: values)
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func check(topicValues values: Values) throws(MetadataError) {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            do throws(ConfigError) {
                try ConfigCatalogue.topic.validate(name, value)
            } catch {
                throw MetadataError(.invalidConfig, error.message)
            }
        }
        let lag = { (name: String) in
            Int64(ConfigDefinition.trimmed(values[name] ?? configs.topic("", name).value ?? "")) ?? 0
        }
        let (least, most) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"))
        if least > most {
            throw MetadataError(
                .invalidConfig,
                "conflict topic config setting min.compaction.lag.ms (\(least)) > max.compaction.lag.ms (\(most))"
            )
        }
    }

    private func check(
        brokerValues values: Values, changed: [String], of resource: ConfigResource
    ) throws(MetadataError) {
        for name in changed {
            guard let definition = ConfigCatalogue.broker[name] else {
                if values[name] == nil { continue }
                throw unknown(name, resource)
            }
            if definition.reach == .readOnly {
                throw MetadataError(
                    .invalidRequest, "Cannot update these configs dynamically: Set(\(name))")
            }
            if definition.reach == .perBroker, resource == .brokerDefault {
                throw MetadataError(
                    .invalidRequest,
                    "Cannot update these configs at default cluster level, per-broker configs: Set(\(name))")
            }
            guard let value = values[name] else { continue }
            do throws(ConfigError) {
                try definition.validate(value)
            } catch {
                throw MetadataError(.invalidConfig, error.message)
            }
        }
    }

    private func catalogue(_ resource: ConfigResource) -> ConfigCatalogue {
        resource.kind == .topic ? .topic : .broker
    }

    private func unknown(_ name: String, _ resource: ConfigResource) -> MetadataError {
        MetadataError(.invalidConfig, "Unknown \(catalogue(resource).kind) config name: \(name)")
    }
}
