import Synchronization

/// Operators' wishes that come from outside of the loops, over HTTP, and who waits for what becomes of them.
package final class AdminDesk: Sendable {
    package typealias Outcome = Result<String, AdminRefusal>
    private struct State {
        var nextID: UInt64 = 1
        var waiting: [UInt64: @Sendable (Outcome) -> Void] = [:]
    }
    private let state = Mutex(State())

    package init() {}

    /// The message that carries the wish to the quorum loop; `done` is called once, on the control loop's thread.
    package func ask(_ wish: QuorumAdmin, done: @escaping @Sendable (Outcome) -> Void) -> LoopMessage {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            state.waiting[state.nextID] = done
            return state.nextID
        }
        return .quorum(.admin(id: id, wish))
    }

    func ended(_ id: UInt64, _ outcome: Outcome) {
        let done = state.withLock { $0.waiting.removeValue(forKey: id) }
        done?(outcome)
    }
}

/// Why a wish was not fulfilled, for people.
package struct AdminRefusal: Error, Sendable, Equatable {
    package let message: String
    package init(_ message: String) { self.message = message }
}
