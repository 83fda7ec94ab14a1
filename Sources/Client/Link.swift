import Messages
package import Vocabulary
import Wire

/// One connection to one broker: which versions it speaks, and which answer belongs to which request.
///
/// Requests are pipelined; a broker answers those of one connection in their order, so the oldest waiting request
/// is the one an answer must belong to. The first exchange is always ApiVersions (KIP-35, KIP-511).
package struct Link: Sendable {
    package enum State: Sendable {
        /// The driver is opening it. Goes to `negotiating`.
        case connecting
        /// ApiVersions was sent. Goes to `ready`.
        case negotiating
        case ready
    }
    /// What is kept of a request until its answer comes.
    package struct Waiting: Sendable {
        package let token: Int
        package let apiKey: Int16
        package let version: Int16
        package let deadline: Instant
        fileprivate let correlationID: Int32
        fileprivate let flexible: Bool
    }

    package let id: LinkID
    package let endpoint: Endpoint
    package private(set) var state = State.connecting
    package private(set) var offered = OfferedVersions()
    private let clientID: String
    private var nextCorrelationID: Int32 = 0
    private var waiting: [Waiting] = []
    private var answered = 0  // How many at the front of `waiting` are done; cut off now and then.

    /// The token of the link's own ApiVersions request.
    package static let greetingToken = -1
    private static let apiVersionsKey: Int16 = 18

    package init(id: LinkID, endpoint: Endpoint, clientID: String) {
        self.id = id
        self.endpoint = endpoint
        self.clientID = clientID
    }

    package var waitingCount: Int { waiting.count - answered }
    package var waitingTokens: [Int] { waiting[answered...].map(\.token).filter { $0 != Self.greetingToken } }
    /// When the oldest request is overdue. Deadlines of one connection rise in practice, so the oldest decides.
    package var deadline: Instant? { waiting[answered...].map(\.deadline).min() }

    /// The connection is open: the frame to send first.
    package mutating func opened(deadline: Instant) -> [UInt8] {
        invariant(state == .connecting, "\(id) opened twice")
        state = .negotiating
        return greeting(versionMax: 3, deadline: deadline)
    }

    /// The frame of a request, remembered until its answer comes.
    /// - Throws: `.unsupported` when we and the broker have no version in common.
    package mutating func encode(
        _ call: some ClientCall, token: Int, deadline: Instant
    ) throws(ClientError) -> [UInt8] {
        invariant(state == .ready, "\(id) used before it was ready")
        guard let version = offered.choose(apiKey: call.apiKey, ours: call.versions) else {
            throw .unsupported(apiKey: call.apiKey)
        }
        return encode(call, version: version, token: token, deadline: deadline)
    }

    /// Whose answer the frame is, and where its body begins.
    /// - Throws: `.malformed`; the connection must be closed.
    package mutating func match(_ frame: RawSpan) throws(ClientError) -> (waiting: Waiting, bodyAt: Int) {
        guard answered < waiting.count else { throw .malformed("an answer to nothing") }
        let next = waiting[answered]
        var at = 0
        do {
            let correlationID = try readInt32(frame, &at)
            guard correlationID == next.correlationID else {
                throw ClientError.malformed("answer \(correlationID) instead of \(next.correlationID)")
            }
            if next.flexible { try skipTags(frame, &at) }
        } catch let error as ClientError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
        answered += 1
        if answered >= 64 || answered == waiting.count {
            waiting.removeFirst(answered)
            answered = 0
        }
        return (next, at)
    }

    /// The answer to `opened`'s frame.
    /// - Returns: another frame to send when the broker wants version 0 (KIP-511), else nil: the link is ready.
    package mutating func greeted(
        _ frame: RawSpan, bodyAt: Int, version: Int16, deadline: Instant
    ) throws(ClientError) -> [UInt8]? {
        do {
            var at = bodyAt
            let code = ErrorCode.of(try readInt16(frame, &at))
            if code == .unsupportedVersion, version > 0 { return greeting(versionMax: 0, deadline: deadline) }
            guard code == .none else { throw ClientError.broker(code, nil) }
            at = bodyAt
            let response = try ApiVersionsResponse(frame, &at, version: version)
            for api in response.apiKeys {
                offered.offer(apiKey: api.apiKey, min: api.minVersion, max: api.maxVersion)
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw .malformed("ApiVersions: \(error)")
        }
        state = .ready
        return nil
    }

    private mutating func greeting(versionMax: Int16, deadline: Instant) -> [UInt8] {
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "needletail"
        request.clientSoftwareVersion = "1"
        return encode(
            MessageCall(request, versionMax: versionMax), version: versionMax, token: Self.greetingToken,
            deadline: deadline)
    }

    private mutating func encode(
        _ call: some ClientCall, version: Int16, token: Int, deadline: Instant
    ) -> [UInt8] {
        let correlationID = nextCorrelationID
        nextCorrelationID &+= 1
        if call.expectsReply {
            waiting.append(
                Waiting(
                    token: token, apiKey: call.apiKey, version: version, deadline: deadline,
                    correlationID: correlationID,
                    // ApiVersions answers always have the old header (KIP-511).
                    flexible: version >= call.flexibleFrom && call.apiKey != Self.apiVersionsKey))
        }
        return encodeFrame(call, version: version, correlationID: correlationID, clientID: clientID)
    }
}
