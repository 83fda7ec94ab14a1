import Glibc
import Host
import Logging

/// Starts a broker in this process, where one that was stopped may have had the same directory: its locks go with the last thread
/// that still knows it, which on a busy machine takes a moment. (A broker of its own process leaves them with that.)
func startNode(_ settings: BrokerSettings) throws -> Node {
    for _ in 0..<500 {
        do {
            return try Node(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            guard error.description.contains("is using this directory") else { throw error }
            usleep(10_000)
        }
    }
    return try Node(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
}
