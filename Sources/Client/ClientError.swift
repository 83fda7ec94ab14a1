import Messages
package import Vocabulary

/// Why a call of ours has no answer, or has one that says no.
package enum ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No connection, or it broke before the answer. Whether the broker carried the request out is not known.
    case unreachable(String)
    /// The request's time is over. As above, it may have been carried out.
    case timedOut
    /// The broker offers no version of that API which we speak.
    case unsupported(apiKey: Int16)
    /// The peer sent what no Kafka broker sends.
    case malformed(String)
    /// The broker said no.
    case broker(ErrorCode, String?)

    /// Whether the same request may succeed when sent again, perhaps elsewhere.
    package var isRetriable: Bool {
        switch self {
        case .unreachable, .timedOut: true
        case .unsupported, .malformed: false
        case .broker(let code, _): code.isRetriable
        }
    }

    /// Whether the request may have been carried out all the same.
    package var isInDoubt: Bool {
        switch self {
        case .unreachable, .timedOut, .malformed: true
        case .unsupported: false
        case .broker(let code, _): code == .requestTimedOut || code == .notEnoughReplicasAfterAppend
        }
    }

    package var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .timedOut: "the broker did not answer in time"
        case .unsupported(let apiKey):
            "the broker serves no version of \(Self.name(ofAPI: apiKey)) that this client speaks"
        case .malformed(let what): "the broker's answer is malformed: \(what)"
        case .broker(let code, let message?) where !message.isEmpty: "\(code.name): \(message)"
        case .broker(let code, _): code.name
        }
    }

    /// `alterConfigs (33)`.
    private static func name(ofAPI key: Int16) -> String {
        ApiKey(rawValue: key).map { "\($0) (\(key))" } ?? "API \(key)"
    }
}

extension ErrorCode {
    /// Codes that pass by themselves or by newer metadata. Source: the protocol guide's table of error codes.
    package var isRetriable: Bool {
        switch self {
        case .corruptMessage, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower,
            .requestTimedOut,
            .replicaNotAvailable, .networkException, .coordinatorLoadInProgress, .coordinatorNotAvailable,
            .notCoordinator, .notEnoughReplicas, .notEnoughReplicasAfterAppend, .notController,
            .kafkaStorageError,
            .fetchSessionIdNotFound, .invalidFetchSessionEpoch, .listenerNotFound, .fencedLeaderEpoch,
            .unknownLeaderEpoch, .offsetNotAvailable, .preferredLeaderNotAvailable,
            .eligibleLeadersNotAvailable,
            .concurrentTransactions, .throttlingQuotaExceeded, .unknownTopicId, .inconsistentTopicId,
            .fetchSessionTopicIdError:
            true
        default: false
        }
    }

    /// Whether the answer means that our picture of the cluster is old.
    package var asksForMetadata: Bool {
        switch self {
        case .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower, .replicaNotAvailable,
            .networkException, .kafkaStorageError, .listenerNotFound, .fencedLeaderEpoch, .unknownLeaderEpoch,
            .unknownTopicId, .inconsistentTopicId, .notController:
            true
        default: false
        }
    }

    /// The code of a response; a number we do not know counts as `unknownServerError`.
    package static func of(_ raw: Int16) -> ErrorCode { ErrorCode(rawValue: raw) ?? .unknownServerError }
}
