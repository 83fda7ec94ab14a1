import Synchronization

/// Kafka's `max.connections` and `max.connections.per.ip`, over all loops.
package final class ConnectionLimits: Sendable {
    package enum Refusal: String, Sendable {
        case total = "max.connections"
        case address = "max.connections.per.ip"
    }

    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
    }

    private let totalMax: Int
    private let perAddressMax: Int
    private let overrides: [String: Int]
    private let state = Mutex(State())

    /// - Parameter overrides: `max.connections.per.ip.overrides`, by address.
    package init(totalMax: Int = .max, perAddressMax: Int = .max, overrides: [String: Int] = [:]) {
        self.totalMax = totalMax
        self.perAddressMax = perAddressMax
        self.overrides = overrides
    }

    package var count: Int { state.withLock { $0.total } }

    /// Counts a connection of that peer, unless it is one too many.
    package func admit(_ address: String) -> Refusal? {
        state.withLock { state in
            if state.total >= totalMax { return .total }
            let count = state.byAddress[address, default: 0]
            if count >= overrides[address] ?? perAddressMax { return .address }
            state.total += 1
            state.byAddress[address] = count + 1
            return nil
        }
    }

    package func release(_ address: String) {
        state.withLock { state in
            state.total -= 1
            let count = state.byAddress[address, default: 1]
            state.byAddress[address] = count == 1 ? nil : count - 1
        }
    }
}
