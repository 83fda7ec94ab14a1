import Synchronization

/// How many connections there may be at once, over all loops: in all and by one address, as Kafka's
/// `max.connections` and `max.connections.per.ip`.
package final class ConnectionLimits: Sendable {
    /// The limit that was reached, by the property that sets it.
    package struct Refusal: Equatable, Sendable {
        package let property: String
        package static let total = Refusal(property: "max.connections")
        package static let address = Refusal(property: "max.connections.per.ip")

        package init(property: String) { self.property = property }
    }

    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
    }

    private let totalMax: Int
    private let perAddressMax: Int
    private let overrides: [String: Int]
    private let totalRefusal: Refusal
    private let perAddressRefusal: Refusal
    private let whole: ConnectionLimits?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - overrides: `max.connections.per.ip.overrides`, by address.
    ///   - totalRefusal: what is said where `totalMax` is another property's; so is `perAddressRefusal`.
    ///   - whole: limits whose total these connections count in too; what one address may have there is not
    ///     asked.
    package init(
        totalMax: Int = .max, perAddressMax: Int = .max, overrides: [String: Int] = [:],
        totalRefusal: Refusal = .total, perAddressRefusal: Refusal = .address,
        within whole: ConnectionLimits? = nil
    ) {
        self.totalMax = totalMax
        self.perAddressMax = perAddressMax
        self.overrides = overrides
        self.totalRefusal = totalRefusal
        self.perAddressRefusal = perAddressRefusal
        self.whole = whole
    }

    package var count: Int { state.withLock { $0.total } }

    /// Counts a connection of that peer, unless it is one too many.
    package func admit(_ address: String) -> Refusal? {
        // The whole first, outside the lock: what it has counted is given back when there is no room here.
        if let refusal = whole?.admitUnnamed() { return refusal }
        let refusal = state.withLock { state -> Refusal? in
            if state.total >= totalMax { return totalRefusal }
            let count = state.byAddress[address, default: 0]
            if count >= overrides[address] ?? perAddressMax { return perAddressRefusal }
            state.total += 1
            state.byAddress[address] = count + 1
            return nil
        }
        if refusal != nil { whole?.releaseUnnamed() }
        return refusal
    }

    package func release(_ address: String) {
        state.withLock { state in
            state.total -= 1
            let count = state.byAddress[address, default: 1]
            state.byAddress[address] = count == 1 ? nil : count - 1
        }
        whole?.releaseUnnamed()
    }

    private func admitUnnamed() -> Refusal? {
        state.withLock { state in
            if state.total >= totalMax { return totalRefusal }
            state.total += 1
            return nil
        }
    }

    private func releaseUnnamed() { state.withLock { $0.total -= 1 } }
}
