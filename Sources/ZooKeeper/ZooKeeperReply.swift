package import Wire

/// What answers a request, by its shape: which shape, the request's `OpCode` says.
package enum ZooKeeperReply: Equatable, Sendable {
    /// No body: delete, ping, auth, setWatches, checkWatches, removeWatches, closeSession.
    case done
    /// create (the node's path, with its number if it is sequential), sync.
    case path(String)
    /// create2, createContainer, createTTL.
    case created(path: String, ZnodeStat)
    /// exists, setData, setACL, check.
    case stat(ZnodeStat)
    /// getData, reconfig.
    case data([UInt8]?, ZnodeStat)
    case acl([ZnodeACL], ZnodeStat)
    /// getChildren (names), getEphemerals (paths).
    case names([String])
    /// getChildren2.
    case children([String], ZnodeStat)
    /// getAllChildrenNumber.
    case count(Int32)
    /// multi, multiRead.
    case results([MultiResult])
    /// addWatch answers with a code in the body too: zero.
    case watchAdded
    case identities([ClientIdentity])
    /// sasl: the server's next challenge.
    case token([UInt8]?)
    /// The code goes into the reply's header; no body.
    case failure(ResultCode)

    /// - Parameters:
    ///   - at: behind the reply's header.
    ///   - code: the header's. A failure has no body; a failed multi is none, its results say what failed.
    package init(_ frame: RawSpan, _ at: inout Int, to opCode: OpCode, code: ResultCode = .ok)
        throws(WireError)
    {
        if code != .ok {
            self = .failure(code)
            return
        }
        switch opCode {
        case .delete, .deleteContainer, .ping, .auth, .setWatches, .setWatches2, .checkWatches,
            .removeWatches,
            .closeSession:
            self = .done
        case .create: self = .path(try readJuteString(frame, &at, "CreateResponse.path"))
        case .sync: self = .path(try readJuteString(frame, &at, "SyncResponse.path"))
        case .create2, .createContainer, .createTTL:
            let path = try readJuteString(frame, &at, "Create2Response.path")
            self = .created(path: path, try ZnodeStat(frame, &at))
        case .exists, .setData, .setACL, .check: self = .stat(try ZnodeStat(frame, &at))
        case .getData, .reconfig:
            let data = try readNullableBytes(frame, &at, flexible: false, "GetDataResponse.data")
            self = .data(data, try ZnodeStat(frame, &at))
        case .getACL:
            let acl: [ZnodeACL] = try readJuteRecords(
                frame, &at, elementSizeMin: ZnodeACL.sizeMin, "GetACLResponse.acl")
            self = .acl(acl, try ZnodeStat(frame, &at))
        case .getChildren: self = .names(try readJuteStrings(frame, &at, "GetChildrenResponse.children"))
        case .getEphemerals:
            self = .names(try readJuteStrings(frame, &at, "GetEphemeralsResponse.ephemerals"))
        case .getChildren2:
            let names = try readJuteStrings(frame, &at, "GetChildren2Response.children")
            self = .children(names, try ZnodeStat(frame, &at))
        case .getAllChildrenNumber:
            self = .count(try readInt32(frame, &at, "GetAllChildrenNumberResponse.totalNumber"))
        case .multi, .multiRead: self = .results(try readMultiList(frame, &at))
        case .addWatch:
            let inner = ResultCode(rawValue: try readInt32(frame, &at, "ErrorResponse.err"))
            self = inner == .ok ? .watchAdded : .failure(inner)
        case .whoAmI:
            self = .identities(
                try readJuteRecords(
                    frame, &at, elementSizeMin: ClientIdentity.sizeMin, "WhoAmIResponse.clientInfo"))
        case .sasl:
            self = .token(try readNullableBytes(frame, &at, flexible: false, "SetSASLResponse.token"))
        }
    }

    /// What the reply's header says.
    package var code: ResultCode { if case .failure(let code) = self { code } else { .ok } }
}

extension ZooKeeperReply {
    /// The reply's whole frame, as a server sends it.
    package func frame(xid: Int32, zxid: Int64) -> [UInt8] {
        let header = ZooKeeperReplyHeader(xid: xid, zxid: zxid, code: code)
        return makeFrame(bodySize: header.size + size) { (out, at) in
            header.write(out, &at)
            write(out, &at)
        }
    }

    /// Of the body, without header and length.
    package var size: Int {
        switch self {
        case .done, .failure: 0
        case .path(let path): juteStringSize(path)
        case .created(let path, let stat): juteStringSize(path) + stat.size
        case .stat(let stat): stat.size
        case .data(let data, let stat): nullableBytesSize(data, flexible: false) + stat.size
        case .acl(let acl, let stat): juteRecordsSize(acl) + stat.size
        case .names(let names): juteStringsSize(names)
        case .children(let names, let stat): juteStringsSize(names) + stat.size
        case .count, .watchAdded: 4
        case .results(let results): multiListSize(results)
        case .identities(let identities): juteRecordsSize(identities)
        case .token(let token): nullableBytesSize(token, flexible: false)
        }
    }

    /// The body. `out` must have room for `size` bytes.
    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        switch self {
        case .done, .failure: break
        case .path(let path): writeJuteString(path, out, &at)
        case .created(let path, let stat):
            writeJuteString(path, out, &at)
            stat.write(out, &at)
        case .stat(let stat): stat.write(out, &at)
        case .data(let data, let stat):
            writeNullableBytes(data, out, &at, flexible: false)
            stat.write(out, &at)
        case .acl(let acl, let stat):
            writeJuteRecords(acl, out, &at)
            stat.write(out, &at)
        case .names(let names): writeJuteStrings(names, out, &at)
        case .children(let names, let stat):
            writeJuteStrings(names, out, &at)
            stat.write(out, &at)
        case .count(let count): writeInt32(count, out, &at)
        case .watchAdded: writeInt32(0, out, &at)
        case .results(let results): writeMultiList(results, out, &at)
        case .identities(let identities): writeJuteRecords(identities, out, &at)
        case .token(let token): writeNullableBytes(token, out, &at, flexible: false)
        }
    }
}
