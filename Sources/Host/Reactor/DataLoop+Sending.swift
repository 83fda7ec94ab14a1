import Broker
import CLinux
import Glibc
import Logging
import Ports
import Vocabulary

/// From the connection's output to the socket: bytes and small file regions gathered into one send, large
/// regions by `sendfile`, which pays from about 16 KiB up; cold regions are read into the page cache
/// elsewhere first.
extension DataLoop {
    private static var sendfileFrom: Int { 16 << 10 }
    private static var sendfileChunk: Int { 1 << 20 }
    private static var piecesMax: Int { 64 }

    /// What became of one attempt.
    private enum Progress: Equatable {
        case sent(Int)
        /// Nothing more can be done in this turn.
        case waits
        case gone
    }

    func send(_ connection: SocketConnection) {
        guard connection.broker.hostIndex >= 0 else { return }
        if connection.isBlocked || connection.isWarming { return updateInterest(connection) }
        let output = connection.broker.output
        var budget = 2 * Self.turnBytesMax
        while let (first, _) = output.first() {
            guard budget > 0 else {
                if !connection.isQueued {
                    connection.isQueued = true
                    sendQueue.append(connection)
                }
                break
            }
            let progress: Progress
            if case .region(let region) = first, region.byteCount >= Self.sendfileFrom {
                progress = sendFile(connection, region)
            } else {
                progress = sendGathered(connection)
            }
            switch progress {
            case .sent(let count):
                budget -= count
                continue
            case .waits: break
            case .gone: return drop(connection)
            }
            break
        }
        if output.isEmpty {
            if connection.broker.isClosing { return drop(connection) }
            finishConnection(connection)
        }
        updateInterest(connection)
    }

    // MARK: - Bytes and small regions

    private func sendGathered(_ connection: SocketConnection) -> Progress {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.piecesMax) { vector in
            var count = 0
            var total = 0
            var used = 0  // Of `scratch`, by regions.
            var isFollowed = false
            var failure: Progress?
            connection.broker.output.forEachPiece { piece in
                if count == Self.piecesMax || total >= Self.turnBytesMax {
                    isFollowed = true
                    return false
                }
                switch piece {
                case .bytes(let bytes):
                    vector[count] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress!), iov_len: bytes.count)
                    total += bytes.count
                case .region(let region):
                    guard region.byteCount < Self.sendfileFrom, used + region.byteCount <= scratch.count
                    else {
                        isFollowed = true
                        return false
                    }
                    let room = UnsafeMutableRawBufferPointer(
                        rebasing: scratch[used..<used + region.byteCount])
                    switch readRegion(connection, region, into: room, mayWait: count == 0) {
                    case .sent:
                        vector[count] = iovec(iov_base: room.baseAddress, iov_len: room.count)
                        used += room.count
                        total += room.count
                    case let other:
                        if count == 0 || other == .gone { failure = other }
                        isFollowed = true
                        return false
                    }
                }
                count += 1
                return true
            }
            if let failure { return failure }
            let sent = nt_send(connection.descriptor, vector.baseAddress, Int32(count), isFollowed ? 1 : 0)
            if sent < 0 { return blockedOrGone(connection) }
            return consumed(connection, sent, of: total)
        }
    }

    /// Reads a whole small region, from the page cache if it lies there.
    private func readRegion(
        _ connection: SocketConnection, _ region: FileRegion, into room: UnsafeMutableRawBufferPointer,
        mayWait: Bool
    ) -> Progress {
        do throws(DiskError) {
            if let disk = region.disk as? PosixDisk, !isWarm(connection, region, room.count) {
                if try disk.readResident(region.file, at: region.position, into: room) == room.count {
                    return .sent(room.count)
                }
                if mayWait, try disk.size(region.file) >= region.position + Int64(room.count) {
                    return warm(connection, disk, region, room.count)
                }
                if !mayWait { return .waits }
            }
            if try region.disk.read(region.file, at: region.position, into: room) == room.count {
                return .sent(room.count)
            }
            return unreadable(connection, region, nil)
        } catch { return unreadable(connection, region, error) }
    }

    // MARK: - Large regions

    private func sendFile(_ connection: SocketConnection, _ region: FileRegion) -> Progress {
        let chunk = min(region.byteCount, Self.sendfileChunk)
        guard let disk = region.disk as? PosixDisk else { return sendCopied(connection, region) }
        do throws(DiskError) {
            let isWarm = isWarm(connection, region, chunk)
            let sent = try disk.withDescriptor(region.file, "sendfile") { file throws(DiskError) -> Int in
                if !isWarm, !PosixDisk.isResident(file, region.position, chunk) { return -2 }
                while true {
                    let sent = nt_sendfile(connection.descriptor, file, region.position, chunk)
                    if sent >= 0 || errno != EINTR { return sent }
                }
            }
            if sent == -2 { return warm(connection, disk, region, chunk) }
            if sent < 0 {
                if errno == EIO { return unreadable(connection, region, disk.error("sendfile", region.file)) }
                return blockedOrGone(connection)
            }
            if sent == 0 { return unreadable(connection, region, nil) }
            return consumed(connection, sent, of: chunk)
        } catch { return unreadable(connection, region, error) }
    }

    /// For disks that have no descriptors.
    private func sendCopied(_ connection: SocketConnection, _ region: FileRegion) -> Progress {
        let room = UnsafeMutableRawBufferPointer(rebasing: scratch[..<min(scratch.count, region.byteCount)])
        do throws(DiskError) {
            guard try region.disk.read(region.file, at: region.position, into: room) == room.count else {
                return unreadable(connection, region, nil)
            }
        } catch { return unreadable(connection, region, error) }
        var piece = iovec(iov_base: room.baseAddress, iov_len: room.count)
        let sent = nt_send(connection.descriptor, &piece, 1, 0)
        if sent < 0 { return blockedOrGone(connection) }
        return consumed(connection, sent, of: room.count)
    }

    /// The socket took `sent` bytes; when that is not all, it takes no more for now.
    private func consumed(_ connection: SocketConnection, _ sent: Int, of offered: Int) -> Progress {
        connection.broker.output.consume(sent)
        connection.lastActive = now.instant
        connection.isBlocked = sent < offered
        return connection.isBlocked ? .waits : .sent(sent)
    }

    // MARK: - What can go wrong

    private func isWarm(_ connection: SocketConnection, _ region: FileRegion, _ count: Int) -> Bool {
        guard let warmed = connection.warmed else { return false }
        return warmed.file == region.file && region.position + Int64(count) <= warmed.end
    }

    private func warm(
        _ connection: SocketConnection, _ disk: PosixDisk, _ region: FileRegion, _ count: Int
    ) -> Progress {
        connection.isWarming = true
        connection.warmed = (region.file, region.position + Int64(count))
        let mailbox = mailbox
        let key = connection.key
        context.warmPool.warm(
            WarmPool.Request(disk: disk, file: region.file, position: region.position, count: count) {
                mailbox.post(.warmed(key))
            })
        return .waits
    }

    private func blockedOrGone(_ connection: SocketConnection) -> Progress {
        if errno == EAGAIN || errno == EINTR || errno == ENOBUFS {
            connection.isBlocked = true
            return .waits
        }
        return .gone
    }

    /// The answer promised bytes that are not there, or cannot be read: the connection cannot go on.
    private func unreadable(_ connection: SocketConnection, _ region: FileRegion, _ error: DiskError?)
        -> Progress
    {
        context.logger.warning(
            "Closed a connection whose answer could not be read from disk.",
            metadata: [
                "peer": "\(connection.broker.peer)", "disk": "\(region.disk.name)",
                "position": "\(region.position)",
                "error": "\(error.map { "\($0)" } ?? "the file is shorter than it was")",
            ])
        return .gone
    }
}
