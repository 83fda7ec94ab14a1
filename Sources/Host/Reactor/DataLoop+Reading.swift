import Broker
import CLinux
import Glibc
import Vocabulary

/// From the socket to the logic, without a copy where frames are large.
///
/// Bursts of small frames are read into the loop's shared buffer, behind the piece of a frame kept from
/// before, and handled there. A large frame gets storage of its own, and each read asks for exactly what it
/// lacks and the next length.
extension DataLoop {
    /// Frames and kept pieces above these get storage of their own.
    private static var sharedFrameMax: Int { 64 << 10 }
    private static var sharedKeptMax: Int { 16 << 10 }

    func read(_ connection: SocketConnection) {
        guard connection.broker.wantsRead, !isFinishing else { return updateInterest(connection) }
        var budget = Self.turnBytesMax
        while budget > 0, connection.broker.hostIndex >= 0, connection.broker.wantsRead {
            let frameBytes = frameBytes(connection, connection.kept)
            let isLarge = frameBytes > Self.sharedFrameMax || connection.keptCount > Self.sharedKeptMax
            let (asked, got) = isLarge ? readOwn(connection, frameBytes) : readShared(connection)
            if got <= 0 { break }
            budget -= got
            let isShort = got < asked
            // A short read has emptied the socket; a whole burst is enough for one turn.
            if isShort || !(isLarge || connection.expectsLarge) { break }
        }
        updateInterest(connection)
    }

    private func readShared(_ connection: SocketConnection) -> (asked: Int, got: Int) {
        let kept = connection.keptCount
        if kept > 0 { shared.copyMemory(from: UnsafeRawBufferPointer(connection.kept)) }
        let room = connection.expectsLarge ? max(4, 64 - kept) : shared.count - kept
        let got = receive(connection, UnsafeMutableRawBufferPointer(rebasing: shared[kept..<kept + room]))
        guard got > 0 else { return (room, got) }
        process(connection, UnsafeMutableRawBufferPointer(rebasing: shared[..<(kept + got)]))
        return (room, got)
    }

    private func readOwn(_ connection: SocketConnection, _ frameBytes: Int) -> (asked: Int, got: Int) {
        // `keep` made room for the frame and the next length behind it.
        let end = min(connection.storage.count, max(frameBytes + 4, connection.keptCount + 4))
        let room = end - connection.keptCount
        let got = receive(
            connection,
            UnsafeMutableRawBufferPointer(rebasing: connection.storage[connection.keptCount..<end]))
        guard got > 0 else { return (room, got) }
        connection.keptCount += got
        if connection.keptCount >= frameBytes { process(connection, connection.kept) }
        return (room, got)
    }

    /// - Returns: how many bytes came; 0 or less: none, and the connection may be gone.
    private func receive(_ connection: SocketConnection, _ room: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = nt_receive(connection.descriptor, room.baseAddress, room.count)
            if count > 0 {
                connection.lastActive = now.instant
                return count
            }
            if count < 0, errno == EINTR { continue }
            if count == 0 || errno != EAGAIN { drop(connection) }
            return -1
        }
    }

    /// Hands the bytes to the logic and keeps what it leaves.
    private func process(_ connection: SocketConnection, _ bytes: UnsafeMutableRawBufferPointer) {
        let consumed = logic.received(connection.broker, bytes, now: now)
        keep(
            connection, UnsafeMutableRawBufferPointer(rebasing: bytes[consumed...]), afterFrames: consumed > 0
        )
    }

    /// The connection may read again, perhaps: what was kept is handled first.
    func resume(_ connection: SocketConnection) {
        while connection.broker.hostIndex >= 0, connection.broker.wantsRead, !isFinishing {
            let frameBytes = frameBytes(connection, connection.kept)
            guard frameBytes > 0, connection.keptCount >= frameBytes else { break }
            let before = connection.keptCount
            process(connection, connection.kept)
            if connection.keptCount == before { break }
        }
        updateInterest(connection)
    }

    /// Keeps `rest`, which may lie in the shared buffer or in the connection's own storage.
    private func keep(
        _ connection: SocketConnection, _ rest: UnsafeMutableRawBufferPointer, afterFrames: Bool
    ) {
        let frameBytes = frameBytes(connection, rest)
        if afterFrames || connection.expectsLarge {
            connection.expectsLarge =
                frameBytes > Self.sharedFrameMax
                || (rest.count < 4 && connection.storage.count > Self.sharedFrameMax)
        }
        guard rest.count > 0, !connection.broker.isClosing, connection.broker.hostIndex >= 0 else {
            if connection.storage.count > 0 { pool.give(connection.storage) }
            connection.storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            connection.keptCount = 0
            return
        }
        let needed = capacity(frameBytes: frameBytes, keptCount: rest.count)
        let old = connection.storage
        let isWasteful = old.count > Self.sharedFrameMax && needed <= Self.sharedFrameMax
        if old.count < needed || isWasteful {
            guard let storage = pool.take(needed) else { return drop(connection) }
            storage.copyMemory(from: UnsafeRawBufferPointer(rest))
            connection.storage = storage
            if old.count > 0 { pool.give(old) }
        } else if rest.baseAddress != old.baseAddress {
            memmove(old.baseAddress!, rest.baseAddress!, rest.count)
        }
        connection.keptCount = rest.count
    }

    /// Room for the frame in hand and the next length.
    private func capacity(frameBytes: Int, keptCount: Int) -> Int {
        let isLarge = frameBytes > Self.sharedFrameMax || keptCount > Self.sharedKeptMax
        return isLarge ? max(frameBytes, keptCount) + 4 : keptCount + 4
    }

    /// Bytes of the frame that `bytes` begins with, its length field included; 0 when that is not known yet.
    /// Of a frame that the logic does not accept no more than its length is waited for.
    private func frameBytes(_ connection: SocketConnection, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard bytes.count >= 4 else { return 0 }
        let length = Int(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        return logic.isAcceptable(frameLength: length, on: connection.broker) ? 4 + max(0, length) : 4
    }
}
