import ArgumentParser
import Client
import Messages
import Vocabulary
import Wire

/// One question after the other to a cluster, each answered before the next: what administration needs.
final class AdminSession {
    private let driver: SocketDriver<AdminClient>
    private let timeoutMs: Int64
    private let bootstrap: String

    init(_ options: ConnectionOptions, clientID: String = "needletail-admin") {
        driver = SocketDriver([AdminClient(options.settings(clientID: clientID))])
        timeoutMs = options.requestTimeout
        bootstrap = options.bootstrap
    }

    var view: ClusterView { driver.machines[0].cluster.view }

    /// Waits for a Metadata answer that was asked for after this call, so that the controller and leaders are known.
    /// - Parameter topics: nil asks for all.
    @discardableResult
    func refresh(topics: [String]? = []) throws -> ClusterView {
        let age = driver.machines[0].cluster.viewAge
        driver.with(0) { client, _ in
            if let topics { client.follow(topics) } else { client.followAllTopics() }
            client.refresh()
        }
        let limit = now().adding(milliseconds: timeoutMs)
        while driver.machines[0].cluster.viewAge == age { try turn(until: limit) }
        return view
    }

    /// - Throws: `ExitCode` after its line was printed when nobody answers; `ClientError` when the call fails.
    func call<Request: RequestMessage>(
        _ request: Request, to target: Cluster.Target = .controller, versionMax: Int16 = .max
    ) throws -> Request.Response {
        if driver.machines[0].cluster.viewAge == 0 { try refresh() }
        let token = driver.with(0) { client, now in
            client.ask(MessageCall(request, versionMax: versionMax), of: target, at: now)
        }
        let limit = now().adding(milliseconds: timeoutMs + 1_000)
        while true {
            if let result = driver.with(0, { client, _ in client.take(token) }) {
                return try result.get().read(as: Request.Response.self)
            }
            try turn(until: limit)
        }
    }

    private func turn(until limit: Instant) throws {
        driver.turn(until: limit)
        if driver.isInterrupted { throw ExitCode(130) }
        if let reason = driver.machines[0].cluster.unreachable {
            throw Failure.unavailable("\(reason); is the broker running?")
        }
        if now() >= limit { throw Failure.unavailable("no answer from \(bootstrap) within \(timeoutMs) ms") }
    }
}
