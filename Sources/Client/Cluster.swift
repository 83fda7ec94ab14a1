import Messages
package import Vocabulary
import Wire

/// The connections of one client to the brokers of one cluster, and what it knows of them: opens links as they are
/// needed, sends calls where they belong, keeps the metadata fresh, and notices what takes too long.
///
/// A call ends exactly once: by a reply or by a failure. Nothing is sent twice from here; who asks decides that.
package struct Cluster: Sendable {
    package struct Settings: Sendable {
        package var bootstrap: [Endpoint]
        package var clientID = "needletail"
        package var requestTimeoutMs: Int64 = 30_000
        package var connectTimeoutMs: Int64 = 10_000
        package var backoffMinMs: Int64 = 50
        package var backoffMaxMs: Int64 = 1_000
        package var metadataAgeMaxMs: Int64 = 300_000
        /// Whether a topic we ask for may come into being by that.
        package var allowsTopicCreation = false

        package init(bootstrap: [Endpoint]) { self.bootstrap = bootstrap }
    }
    package enum Target: Hashable, Sendable { case any, controller, broker(BrokerID) }
    package struct Failure: Equatable, Sendable {
        package let token: Int
        package let error: ClientError
    }
    /// The answer to the call of that token; its body begins at `bodyAt` in the frame just received.
    package struct Reply: Equatable, Sendable {
        package let token: Int
        package let apiKey: Int16
        package let version: Int16
        package let bodyAt: Int
    }
    struct Queued: Sendable { let call: any ClientCall; let token: Int; let deadline: Instant }
    struct Peer: Sendable {
        var link: LinkID?
        var queue: [Queued] = []
        var failures = 0
        var retryAt: Instant?
    }

    package let settings: Settings
    package internal(set) var view = ClusterView()
    /// Counts the Metadata answers taken over.
    package internal(set) var viewAge = 0
    /// Set once every bootstrap address was tried and none answered; nil again as soon as one does.
    package internal(set) var unreachable: String?

    var effects: [LinkEffect] = []
    var failures: [Failure] = []
    var links: [LinkID: Link] = [:]
    var owners: [LinkID: Target] = [:]
    var peers: [Target: Peer] = [:]
    var lastLink = 0
    var bootstrapTurn = 0
    var bootstrapFailures = 0
    var topics: Set<String> = []
    var allTopics = false
    var metadata = MetadataState()

    struct MetadataState: Sendable {
        var isWanted = true
        var isAsking = false
        var notBefore = Instant(nanoseconds: .min)
        var freshUntil = Instant(nanoseconds: .min)
        var failures = 0
    }
    static let metadataToken = -2

    package init(_ settings: Settings) {
        invariant(!settings.bootstrap.isEmpty, "no bootstrap address")
        self.settings = settings
    }

    // MARK: What the owner asks

    /// Topics whose leaders must be known.
    package mutating func follow(_ names: some Sequence<String>) {
        for name in names where topics.insert(name).inserted { metadata.isWanted = true }
    }

    package mutating func followAllTopics() {
        allTopics = true
        metadata.isWanted = true
    }

    /// The picture is old: ask again, at the soonest after the backoff.
    package mutating func refresh() { metadata.isWanted = true }

    /// Sends the call, or keeps it until the connection is there. Tokens of the caller's are 0 and up.
    package mutating func send(_ call: any ClientCall, to target: Target, token: Int, at now: Instant) {
        enqueue(
            Queued(call: call, token: token, deadline: now.adding(milliseconds: settings.requestTimeoutMs)),
            to: target, at: now)
    }

    /// What was asked of the world since the last call of this.
    package mutating func takeEffects(at now: Instant) -> [LinkEffect] {
        askForMetadata(at: now)
        if let due = nextDue(after: now) { effects.append(.wake(at: due)) }
        defer { effects = [] }
        return effects
    }

    package mutating func takeFailures() -> [Failure] {
        defer { failures = [] }
        return failures
    }

    package mutating func closeAll() {
        for id in links.keys.sorted() { effects.append(.close(id)) }
        links = [:]
        owners = [:]
        peers = [:]
    }

    // MARK: What the world tells

    package mutating func step(_ event: LinkEvent, at now: Instant) {
        switch event {
        case .opened(let id):
            guard links[id] != nil else { return }
            let deadline = now.adding(milliseconds: settings.requestTimeoutMs)
            effects.append(.send(id, links[id]!.opened(deadline: deadline)))
        case .closed(let id, let reason): lost(id, .unreachable(reason), at: now)
        case .woke: expire(at: now)
        }
        connectWhereWanted(at: now)
    }

    /// - Returns: the reply, nil when the frame was the cluster's own business.
    package mutating func receive(_ frame: RawSpan, on id: LinkID, at now: Instant) -> Reply? {
        guard links[id] != nil else { return nil }
        do throws(ClientError) {
            let (waiting, bodyAt) = try links[id]!.match(frame)
            switch waiting.token {
            case Link.greetingToken:
                let deadline = now.adding(milliseconds: settings.requestTimeoutMs)
                let more = try links[id]!.greeted(
                    frame, bodyAt: bodyAt, version: waiting.version, deadline: deadline)
                if let more { effects.append(.send(id, more)) } else { ready(id, at: now) }
                return nil
            case Self.metadataToken:
                try takeMetadata(frame, bodyAt: bodyAt, version: waiting.version, at: now)
                return nil
            default:
                return Reply(
                    token: waiting.token, apiKey: waiting.apiKey, version: waiting.version, bodyAt: bodyAt)
            }
        } catch {
            effects.append(.close(id))
            lost(id, error, at: now)
            return nil
        }
    }
}
