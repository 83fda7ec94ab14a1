import Messages
package import Vocabulary
package import Wire

/// A client that asks one thing at a time or several, and keeps the answers until they are fetched.
package struct AdminClient: ClientMachine, Sendable {
    /// An answer's body, to be read as the response of the request it belongs to.
    package struct Answer: Sendable {
        package let body: [UInt8]
        package let version: Int16
    }
    package private(set) var cluster: Cluster
    private var answers: [Int: Result<Answer, ClientError>] = [:]
    private var lastToken = 0

    package init(_ settings: Cluster.Settings) { cluster = Cluster(settings) }

    package mutating func follow(_ topics: [String]) { cluster.follow(topics) }
    package mutating func followAllTopics() { cluster.followAllTopics() }
    package mutating func refresh() { cluster.refresh() }

    /// Sends a request; `woke` must follow.
    /// - Returns: the token by which `take` gives the answer.
    package mutating func ask(_ call: any ClientCall, of target: Cluster.Target, at now: Instant) -> Int {
        lastToken += 1
        cluster.send(call, to: target, token: lastToken, at: now)
        return lastToken
    }

    /// The answer, once it is here.
    package mutating func take(_ token: Int) -> Result<Answer, ClientError>? {
        answers.removeValue(forKey: token)
    }

    package mutating func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        cluster.step(event, at: now)
        return drain(at: now)
    }

    package mutating func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        if let reply = cluster.receive(frame, on: link, at: now) {
            let body = copy(frame, reply.bodyAt..<frame.byteCount)
            answers[reply.token] = .success(Answer(body: body, version: reply.version))
        }
        return drain(at: now)
    }

    private mutating func drain(at now: Instant) -> [LinkEffect] {
        let effects = cluster.takeEffects(at: now)
        for failure in cluster.takeFailures() { answers[failure.token] = .failure(failure.error) }
        return effects
    }
}

extension AdminClient.Answer {
    package func read<R: Message>(as type: R.Type) throws(ClientError) -> R {
        var at = 0
        do throws(WireError) { return try R(body.span.bytes, &at, version: version) } catch {
            throw .malformed("\(R.self): \(error)")
        }
    }
}
