import Messages
import Metadata
import Vocabulary

/// AlterConfigs (33), which replaces all of a resource's values, and IncrementalAlterConfigs (44), which
/// changes the ones named. Source: KIP-133, KIP-339.
extension ControlLoop {
    func handleAlterConfigs(_ message: AlterConfigsRequest, _ request: ControlRequest) {
        var items = ConfigItems(node: broker.config.nodeID)
        var changes: [ConfigReplacement] = []
        for resource in message.resources {
            let key = ConfigItems.Key(type: resource.resourceType, name: resource.resourceName)
            guard let target = items.target(key) else { continue }
            changes.append(
                ConfigReplacement(resource: target, values: resource.configs.map { ($0.name, $0.value) }))
        }
        alter(.alterConfigs(changes, validateOnly: message.validateOnly), changes.map(\.resource), items) {
            [unowned self] results in
            var response = AlterConfigsResponse()
            response.responses = results.map { result in
                var answer = AlterConfigsResponse.AlterConfigsResourceResponse()
                answer.resourceType = result.key.type
                answer.resourceName = result.key.name
                answer.errorCode = result.error?.code.rawValue ?? 0
                answer.errorMessage = result.error?.message
                return answer
            }
            reply(request.ticket, response)
        }
    }

    func handleIncrementalAlterConfigs(_ message: IncrementalAlterConfigsRequest, _ request: ControlRequest) {
        var items = ConfigItems(node: broker.config.nodeID)
        var changes: [ConfigAlteration] = []
        for resource in message.resources {
            let key = ConfigItems.Key(type: resource.resourceType, name: resource.resourceName)
            let operations = resource.configs.map { ConfigAlteration.Operation(rawValue: $0.configOperation) }
            if let place = operations.firstIndex(where: { $0 == nil }) {
                let operation = resource.configs[place].configOperation
                items.refuse(key, .invalidRequest, "Unknown operation type \(operation)")
                continue
            }
            guard let target = items.target(key) else { continue }
            let named = zip(resource.configs, operations).map { ($0.name, $1!, $0.value) }
            changes.append(ConfigAlteration(resource: target, changes: named))
        }
        alter(
            .incrementalAlterConfigs(changes, validateOnly: message.validateOnly), changes.map(\.resource),
            items
        ) {
            [unowned self] results in
            var response = IncrementalAlterConfigsResponse()
            response.responses = results.map { result in
                var answer = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse()
                answer.resourceType = result.key.type
                answer.resourceName = result.key.name
                answer.errorCode = result.error?.code.rawValue ?? 0
                answer.errorMessage = result.error?.message
                return answer
            }
            reply(request.ticket, response)
        }
    }

    private func alter(
        _ command: MetadataCommand, _ resources: [ConfigResource], _ items: ConfigItems,
        _ answer: @escaping ([ConfigItems.Result]) -> Void
    ) {
        if resources.isEmpty { return answer(items.refused) }
        submit(command) { [unowned self] in
            answer(
                items.refused
                    + outcome($0) { reply in
                        guard case .configsAltered(let results) = reply else { return nil }
                        return results.map { ConfigItems.Result(key: .init($0.resource), error: $0.error) }
                    } refused: { error in
                        resources.map { ConfigItems.Result(key: .init($0), error: error) }
                    })
        }
    }
}

/// The resources of a request, sorted into those that go to the controller and those that are refused right
/// away.
private struct ConfigItems {
    struct Key: Hashable {
        let type: Int8
        let name: String

        init(type: Int8, name: String) {
            self.type = type
            self.name = name
        }

        init(_ resource: ConfigResource) { self.init(type: resource.kind.rawValue, name: resource.name) }
    }

    struct Result {
        let key: Key
        let error: MetadataError?
    }

    private(set) var refused: [Result] = []
    private let node: BrokerID

    init(node: BrokerID) { self.node = node }

    mutating func refuse(_ key: Key, _ code: ErrorCode, _ why: String) {
        refused.append(Result(key: key, error: MetadataError(code, why)))
    }

    /// - Returns: nil when it was refused.
    mutating func target(_ key: Key) -> ConfigResource? {
        guard let kind = ConfigResource.Kind(rawValue: key.type) else {
            refuse(key, .invalidRequest, "Unsupported resource type: \(key.type)")
            return nil
        }
        if kind == .brokerLogger {
            refuse(key, .invalidRequest, "Log levels cannot be changed while the broker runs.")
            return nil
        }
        if kind == .broker, !key.name.isEmpty {
            guard let id = Int32(key.name) else {
                refuse(key, .invalidRequest, "Broker id must be an integer, but it is: \(key.name)")
                return nil
            }
            guard id == node.value else {
                refuse(
                    key, .invalidRequest, "Unexpected broker id, expected \(node), but received \(key.name)")
                return nil
            }
        }
        return ConfigResource(kind, key.name)
    }
}
