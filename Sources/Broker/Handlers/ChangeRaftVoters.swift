import Consensus
import Messages
import Vocabulary

/// AddRaftVoter (80) and RemoveRaftVoter (81): one voter at a time. Source: KIP-853.
extension QuorumLoop {
    func addVoter(_ message: AddRaftVoterRequest, _ request: ControlRequest) {
        guard message.clusterId == nil || message.clusterId == clusterID else {
            return kafkaAnswered(request, .quorum(.refused(.inconsistentClusterId, "This is cluster \(clusterID).")))
        }
        guard let listener = message.listeners.first, message.voterId >= 0 else {
            return kafkaAnswered(request, .quorum(.refused(.invalidRequest, "A voter needs an id and a listener.")))
        }
        let key = ReplicaKey(id: BrokerID(message.voterId), directory: message.voterDirectoryId)
        let voter = Voter(key: key, host: listener.host, port: listener.port)
        ask(.quorum(.addVoter(voter)), .kafka(request))
    }

    func removeVoter(_ message: RemoveRaftVoterRequest, _ request: ControlRequest) {
        guard message.clusterId == nil || message.clusterId == clusterID else {
            return kafkaAnswered(request, .quorum(.refused(.inconsistentClusterId, "This is cluster \(clusterID).")))
        }
        let key = ReplicaKey(id: BrokerID(message.voterId), directory: message.voterDirectoryId)
        ask(.quorum(.removeVoter(key)), .kafka(request))
    }
}

extension AddRaftVoterResponse {
    init(_ reply: QuorumReply) {
        self.init()
        if case .refused(let code, let message) = reply {
            errorCode = code.rawValue
            errorMessage = message
        }
    }
}

extension RemoveRaftVoterResponse {
    init(_ reply: QuorumReply) {
        self.init()
        if case .refused(let code, let message) = reply {
            errorCode = code.rawValue
            errorMessage = message
        }
    }
}
