import Messages
import Metadata
import Vocabulary

/// Producer ids of this broker's own, taken from the controller a thousand at a time.
struct ProducerIDBlock {
    var next: Int64 = 0
    var end: Int64 = 0
    /// Who waits for the next block.
    var waiting: [ReplyTicket] = []
    var isAsking = false

    mutating func take() -> Int64? {
        guard next < end else { return nil }
        defer { next += 1 }
        return next
    }
}

/// InitProducerId (22), for idempotent producers. Source: KIP-98, KIP-360.
extension ControlLoop {
    func handleInitProducerId(_ request: InitProducerIdRequest, _ ticket: ReplyTicket) {
        if let transactionalID = request.transactionalId {
            // Transactions are a feature that is not here yet, so this says what a broker too old for one
            // says. Clients take it as fatal and do not try again, and no other code would send their
            // operator looking in the right place.
            return refuse(ticket, transactionalID.isEmpty ? .invalidRequest : .unsupportedVersion)
        }
        // A producer that has an id names its epoch too. It gets a new id all the same, as from Kafka:
        // without a transactional id nobody could tell whether it is the one the id was given to, and a
        // bumped epoch would fence that one.
        guard (request.producerId == -1) == (request.producerEpoch == -1) else {
            return refuse(ticket, .invalidRequest)
        }
        producerIDs.waiting.append(ticket)
        answerProducers()
    }

    private func answerProducers() {
        while !producerIDs.waiting.isEmpty, let id = producerIDs.take() {
            var response = InitProducerIdResponse()
            response.producerId = id
            response.producerEpoch = 0
            reply(producerIDs.waiting.removeFirst(), response)
        }
        if producerIDs.waiting.isEmpty || producerIDs.isAsking { return }
        producerIDs.isAsking = true
        submit(.allocateProducerIDs(broker.config.nodeID, epoch: brokerEpoch)) { [unowned self] outcome in
            producerIDs.isAsking = false
            switch outcome {
            case .done(.producerIDsAllocated(let first, let count)):
                (producerIDs.next, producerIDs.end) = (first, first + Int64(count))
                answerProducers()
            case .done(let reply): invariantFailed("producer ids were answered by \(reply)")
            case .refused(let error): refuseProducers(error.code)
            case .timedOut: refuseProducers(.coordinatorNotAvailable)
            }
        }
    }

    private func refuseProducers(_ code: ErrorCode) {
        let waiting = producerIDs.waiting
        producerIDs.waiting = []
        for ticket in waiting { refuse(ticket, code) }
    }

    private func refuse(_ ticket: ReplyTicket, _ code: ErrorCode) {
        var response = InitProducerIdResponse()
        response.errorCode = code.rawValue
        response.producerId = -1
        response.producerEpoch = -1
        reply(ticket, response)
    }
}
