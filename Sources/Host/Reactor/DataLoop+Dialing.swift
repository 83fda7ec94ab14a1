import Broker
import CLinux
import Glibc
import Vocabulary

/// Connections that this loop makes: the host's name resolved off the loop, then its addresses tried one
/// after the other, without waiting.
extension DataLoop {
    /// From the effect to the answer.
    private static var dialNanoseconds: Int64 { 2_000_000_000 }
    /// A peer that was dialed is given up after so long without a sign of it.
    private static var deadPeerMs: Int32 { 10_000 }

    func beginToDial(_ dial: Dial) {
        if isFinishing { return }
        let deadline = Instant(nanoseconds: now.instant.nanoseconds + Self.dialNanoseconds)
        let number = dials.begin(dial, deadline: deadline)
        if nt_is_numeric_address(dial.host) != 0 { return resolved(number, .success([dial.host])) }
        let mailbox = mailbox
        context.resolverPool.resolve(dial.host, by: deadline) { mailbox.post(.resolved(dial: number, $0)) }
    }

    func resolved(_ number: UInt32, _ addresses: Result<[String], ResolverPool.Failure>) {
        guard dials[number] != nil else { return }  // It came too late.
        switch addresses {
        case .success(let addresses): dials[number]!.addresses = addresses
        case .failure(let failure): dials[number]!.reason = failure.reason
        }
        tryNextAddress(number)
    }

    /// The socket of a dial is connected, or will not be.
    func dialEnded(_ number: UInt32) {
        guard let entry = dials[number], case .connecting(let descriptor, let address) = entry.stage else {
            return
        }
        let code = nt_dial_result(descriptor)
        if code != 0 {
            close(descriptor)
            dials[number]!.reason = "\(address): \(String(cString: strerror(code)))"
            return tryNextAddress(number)
        }
        dials[number] = nil
        _ = nt_tune_connection(descriptor, 1, settings.sendBufferBytes, settings.receiveBufferBytes)
        _ = nt_notice_dead_peer(descriptor, Self.deadPeerMs)
        guard let broker = logic.dialed(entry.dial.token, peer: address, now: now) else {
            close(descriptor)
            return
        }
        broker.isExemptFromIdle = true
        let connection = insert(descriptor, broker, limits: nil)
        if nt_epoll_modify(epoll, descriptor, connection.interest, connection.key.word) != 0 {
            drop(connection)
        }
    }

    /// Gives up what takes too long, and tells the logic of what has failed.
    func advanceDials() {
        for number in dials.due(now.instant) {
            guard var entry = dials[number] else { continue }
            if case .connecting(let descriptor, let address) = entry.stage {
                close(descriptor)
                entry.reason = "\(address): no answer"
                if now.instant < entry.deadline, !entry.addresses.isEmpty {
                    dials[number] = entry
                    tryNextAddress(number)
                    continue
                }
            }
            dials[number] = nil
            logic.dialFailed(entry.dial.token, reason: entry.reason, now: now)
        }
    }

    /// The loop ends: nobody is told.
    func dropDials() {
        for entry in dials.entries.values {
            if case .connecting(let descriptor, _) = entry.stage { close(descriptor) }
        }
        dials = DialTable()
    }

    /// Begins to connect to the next address; each gets an equal share of the time that is left.
    private func tryNextAddress(_ number: UInt32) {
        guard var entry = dials[number] else { return }
        defer { dials[number] = entry }
        while !entry.addresses.isEmpty {
            let share = (entry.deadline - now.instant) / Int64(entry.addresses.count)
            let address = entry.addresses.removeFirst()
            let descriptor = nt_dial(address, entry.dial.port)
            if descriptor < 0 {
                entry.reason = "\(address): \(String(cString: strerror(errno)))"
            } else if nt_epoll_add(epoll, descriptor, NT_WRITABLE, Self.dialWord | UInt64(number)) != 0 {
                entry.reason = "\(address): \(String(cString: strerror(errno)))"
                close(descriptor)
            } else {
                entry.stage = .connecting(descriptor: descriptor, address: address)
                entry.due = Instant(nanoseconds: now.instant.nanoseconds + max(0, share))
                return
            }
        }
        entry.stage = .failed
        entry.due = now.instant
    }
}
