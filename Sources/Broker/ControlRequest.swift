package import Vocabulary
package import Wire

/// A request that the controller decides, on its way from a connection's loop to the control loop.
package struct ControlRequest: Sendable {
    package let message: any Message
    package let ticket: ReplyTicket
    package let listener: String
    package let clientID: String?
    /// When the client gives up waiting, where the request has a `timeoutMs`.
    package let deadline: Instant?
}
