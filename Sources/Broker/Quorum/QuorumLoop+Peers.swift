import Consensus
import Vocabulary
import Wire

/// The links to the other replicas: frames in and out.
extension QuorumLoop {
    func openPeer(_ connection: BrokerConnection, dialed: PeerAddress?) {
        connection.outputMax = .max  // Two that each waited for the other to read would wait for ever.
        let link = PeerLink(connection: connection, dialed: dialed)
        links.add(link)
        if dialed != nil { send(.hello(hello), on: link) }
    }

    func closedPeer(_ connection: BrokerConnection) {
        guard let link = links.remove(connection.id, now: now.instant), let key = link.key else { return }
        // What was sent on it may be lost, on the other connection too if that one takes its place.
        drive(links.link(to: key) == nil ? .connectionLost(to: key) : .connected(to: key))
        // So may questions have been, or their answers, whichever connection is left.
        if key == raft.leader { failAsks() }
    }

    func receivedPeer(_ connection: BrokerConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let link = links[connection.id] else { return bytes.count }
        var consumed = 0
        while bytes.count - consumed >= 4, !connection.isClosing, !connection.isClosed {
            let length = Int(
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: consumed, as: UInt32.self)))
            guard length > 0, length <= PeerFrame.bytesMax else {
                refuse(link, "its frame has a length of \(length)")
                break
            }
            guard bytes.count - consumed - 4 >= length else { break }
            let frame = Array(bytes[consumed + 4..<consumed + 4 + length])
            consumed += 4 + length
            do {
                handle(try PeerFrame(decoding: frame), from: link)
            } catch {
                refuse(link, "\(error)")
            }
        }
        return consumed
    }

    private func handle(_ frame: PeerFrame, from link: PeerLink) {
        if case .hello(let hello) = frame { return greeted(link, hello) }
        guard let key = link.key else { return refuse(link, "it says something before hello") }
        guard failure == nil else { return }
        switch frame {
        case .hello: break
        case .raft(let message, let payload): received(message, payload, from: key, on: link)
        case .ask(let id, let question): ask(question, .peer(connection: link.connection.id, id: id))
        case .answer(let id, let answer): answered(id, answer)
        }
    }

    private func received(_ message: RaftMessage, _ payload: [UInt8], from key: ReplicaKey, on link: PeerLink)
    {
        if let flaw = message.flaw { return refuse(link, flaw) }
        switch message.body {
        case .append(let append):
            if append.end > append.previous.end, now.instant < fullUntil {
                return drive(
                    .received(RaftMessage(term: message.term, .append(append.withoutEntries)), from: key))
            }
            inHand = InHand(from: append.previous.end, end: append.end, bytes: payload)
        case .snapshotChunk(let chunk):
            guard payload.count == chunk.count else {
                return refuse(link, "a piece of a snapshot is cut off")
            }
            inHand = InHand(from: 0, end: 0, bytes: payload)
        default:
            guard payload.isEmpty else { return refuse(link, "bytes follow a message that has none") }
        }
        drive(.received(message, from: key))
        inHand = nil
    }

    private func greeted(_ link: PeerLink, _ hello: PeerHello) {
        guard hello.version == PeerFrame.version else {
            return refuse(link, "it speaks version \(hello.version) of the protocol between brokers")
        }
        guard hello.clusterID == clusterID else {
            return refuse(link, "it belongs to cluster \(hello.clusterID), and not to \(clusterID)")
        }
        if hello.key == me {
            links.isMyself(link)
            return close(link.connection)
        }
        guard hello.key.id != me.id else {
            return refuse(link, "it has this broker's node.id \(me.id), and another directory")
        }
        guard link.key == nil else { return refuse(link, "it says hello twice") }
        if link.dialed == nil { send(.hello(self.hello), on: link) }
        links.greeted(link, hello.key)
        if raft.leader == nil, !hello.voters.isEmpty {
            toldVoters = Array(hello.voters.prefix(Self.toldVotersMax))
            aim()
        }
        drive(.connected(to: hello.key))
        if hello.key == raft.leader { askAgain() }
    }

    private var hello: PeerHello {
        PeerHello(
            clusterID: clusterID, key: me,
            voters: raft.voters.voters.map { PeerAddress(host: $0.host, port: $0.port) })
    }

    /// More than any quorum has: what a peer says makes us dial.
    private static let toldVotersMax = 32

    private func refuse(_ link: PeerLink, _ why: String) {
        log(
            .warning, "Closed a connection to another broker.",
            [
                ("peer", link.connection.peer), ("broker.id", link.key.map { "\($0.id)" } ?? "unknown"),
                ("reason", why),
            ])
        close(link.connection)
    }

    // MARK: - Sending

    func send(_ frame: PeerFrame, to key: ReplicaKey) {
        if let link = links.link(to: key) { send(frame, on: link) }
    }

    func send(_ frame: PeerFrame, on link: PeerLink) {
        if case .hello = frame {} else if link.key == nil { return }
        let bytes = frame.encode()
        bytes.withUnsafeBytes { link.connection.output.append($0) }
        markDirty(link.connection)
    }
}

extension Append {
    /// The leader's word without its entries, for a replica that cannot take them just now.
    var withoutEntries: Append {
        Append(
            previous: previous, end: previous.end, runs: [], committed: min(committed, previous.end),
            round: round)
    }
}
