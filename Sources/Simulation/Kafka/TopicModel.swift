package import Vocabulary

/// What a request did to, or asked of, the topics of one name.
package enum TopicStep: Equatable, Sendable {
    case create(partitions: Int32, retention: Int64?)
    /// `id` nil: by name.
    case delete(id: TopicID?)
    case addPartitions(total: Int32)
    /// nil: the topic has no such configuration of its own any more.
    case setRetention(Int64?)
    /// Of a broker that is known to be up to date.
    case read
}

package enum TopicError: Equatable, Sendable { case unknownTopic, exists, invalidPartitions }

package enum TopicOutcome: Equatable, Sendable {
    /// Nobody knows.
    case unknown
    case done
    case created(TopicID)
    case found(TopicID, partitions: Int32)
    case foundRetention(Int64?)
    case failed(TopicError)
}

package struct TopicOperation: Equatable, Sendable {
    package var step: TopicStep
    package var outcome: TopicOutcome

    package init(_ step: TopicStep, _ outcome: TopicOutcome) {
        self.step = step
        self.outcome = outcome
    }
}

/// The topic of one name: absent, or there with an id, a number of partitions and perhaps a configuration.
package struct TopicModel: SequentialModel {
    package enum Topic: Hashable, Sendable {
        case absent
        /// `id` nil: it was made by a request whose answer was lost.
        case present(id: TopicID?, partitions: Int32, retention: Int64?)
    }
    package let initial = Topic.absent

    package init() {}

    package func apply(_ operation: TopicOperation, to state: Topic) -> Topic? {
        let (after, real) = perform(operation.step, on: state)
        switch (operation.outcome, real) {
        case (.unknown, .done), (.unknown, .created): return after == state ? nil : after
        case (.unknown, _): return nil
        case (.created(let id), .created):
            guard case .present(_, let partitions, let retention) = after else { return nil }
            return .present(id: id, partitions: partitions, retention: retention)
        case (.found(let id, let told), .found):
            guard case .present(let known, let partitions, let retention) = state, told == partitions,
                known == nil || known == id
            else { return nil }
            return .present(id: id, partitions: partitions, retention: retention)
        case (.foundRetention(let told), .found):
            guard case .present(_, _, let retention) = state, told == retention else { return nil }
            return state
        // By an id that may not be its own: both may be true.
        case (.failed(.unknownTopic), .done):
            guard case .delete(.some) = operation.step, case .present(nil, _, _) = state else { return nil }
            return state
        default: return operation.outcome == real ? after : nil
        }
    }

    /// `.created` and `.found` are returned with an id that says nothing.
    private func perform(_ step: TopicStep, on state: Topic) -> (after: Topic, outcome: TopicOutcome) {
        guard case .present(let id, let partitions, let retention) = state else {
            guard case .create(let partitions, let retention) = step else {
                return (state, .failed(.unknownTopic))
            }
            return (.present(id: nil, partitions: partitions, retention: retention), .created(.zero))
        }
        switch step {
        case .create: return (state, .failed(.exists))
        case .delete(let asked):
            if let asked, let id, asked != id { return (state, .failed(.unknownTopic)) }
            return (.absent, .done)
        case .addPartitions(let total):
            if total <= partitions { return (state, .failed(.invalidPartitions)) }
            return (.present(id: id, partitions: total, retention: retention), .done)
        case .setRetention(let value):
            return (.present(id: id, partitions: partitions, retention: value), .done)
        case .read: return (state, .found(.zero, partitions: partitions))
        }
    }
}
