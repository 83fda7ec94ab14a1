package import Wire

/// Everything a client may send behind its connect request, one case an `OpCode`.
package enum ZooKeeperRequest: Equatable, Sendable {
    /// `create`, `create2`, `createContainer` and `createTTL`.
    case create(CreateRequest)
    case delete(VersionedPath)
    case exists(ReadRequest)
    case getData(ReadRequest)
    case setData(SetDataRequest)
    case getACL(path: String)
    case setACL(SetACLRequest)
    case getChildren(ReadRequest)
    case getChildren2(ReadRequest)
    case sync(path: String)
    case ping
    case check(VersionedPath)
    case multi([MultiOperation])
    case reconfig(ReconfigRequest)
    case checkWatches(WatchRequest)
    case removeWatches(WatchRequest)
    case deleteContainer(path: String)
    case multiRead([MultiReadOperation])
    case auth(AuthRequest)
    /// `setWatches` and `setWatches2`.
    case setWatches(SetWatchesRequest)
    case sasl(token: [UInt8]?)
    case getEphemerals(prefix: String)
    case getAllChildrenNumber(path: String)
    case addWatch(WatchRequest)
    case whoAmI
    case closeSession

    /// Nil for a type that is not known here, which a server answers with UNIMPLEMENTED.
    ///
    /// What stands behind the last field is let pass, as ZooKeeper lets it.
    /// - Parameter at: behind the request's header.
    /// - Throws: when the body is not what the type asks for, which a server answers with MARSHALLINGERROR.
    package init?(_ frame: RawSpan, _ at: inout Int, type: Int32) throws(WireError) {
        guard let opCode = OpCode(rawValue: type) else { return nil }
        switch opCode {
        case .create, .create2, .createContainer, .createTTL:
            self = .create(try CreateRequest(frame, &at, opCode))
        case .delete: self = .delete(try VersionedPath(frame, &at))
        case .exists: self = .exists(try ReadRequest(frame, &at))
        case .getData: self = .getData(try ReadRequest(frame, &at))
        case .setData: self = .setData(try SetDataRequest(frame, &at))
        case .getACL: self = .getACL(path: try readJuteString(frame, &at, "GetACLRequest.path"))
        case .setACL: self = .setACL(try SetACLRequest(frame, &at))
        case .getChildren: self = .getChildren(try ReadRequest(frame, &at))
        case .getChildren2: self = .getChildren2(try ReadRequest(frame, &at))
        case .sync: self = .sync(path: try readJuteString(frame, &at, "SyncRequest.path"))
        case .ping: self = .ping
        case .check: self = .check(try VersionedPath(frame, &at))
        case .multi: self = .multi(try readMultiList(frame, &at))
        case .reconfig: self = .reconfig(try ReconfigRequest(frame, &at))
        case .checkWatches: self = .checkWatches(try WatchRequest(frame, &at))
        case .removeWatches: self = .removeWatches(try WatchRequest(frame, &at))
        case .deleteContainer: self = .deleteContainer(path: try restAsText(frame, &at))
        case .multiRead: self = .multiRead(try readMultiList(frame, &at))
        case .auth: self = .auth(try AuthRequest(frame, &at))
        case .setWatches, .setWatches2: self = .setWatches(try SetWatchesRequest(frame, &at, opCode))
        case .sasl:
            self = .sasl(token: try readNullableBytes(frame, &at, flexible: false, "GetSASLRequest.token"))
        case .getEphemerals:
            self = .getEphemerals(prefix: try readJuteString(frame, &at, "GetEphemeralsRequest.prefixPath"))
        case .getAllChildrenNumber:
            self = .getAllChildrenNumber(
                path: try readJuteString(frame, &at, "GetAllChildrenNumberRequest.path"))
        case .addWatch: self = .addWatch(try WatchRequest(frame, &at))
        case .whoAmI: self = .whoAmI
        case .closeSession: self = .closeSession
        }
    }

    package var opCode: OpCode {
        switch self {
        case .create(let request): request.opCode
        case .delete: .delete
        case .exists: .exists
        case .getData: .getData
        case .setData: .setData
        case .getACL: .getACL
        case .setACL: .setACL
        case .getChildren: .getChildren
        case .getChildren2: .getChildren2
        case .sync: .sync
        case .ping: .ping
        case .check: .check
        case .multi: .multi
        case .reconfig: .reconfig
        case .checkWatches: .checkWatches
        case .removeWatches: .removeWatches
        case .deleteContainer: .deleteContainer
        case .multiRead: .multiRead
        case .auth: .auth
        case .setWatches(let request): request.opCode
        case .sasl: .sasl
        case .getEphemerals: .getEphemerals
        case .getAllChildrenNumber: .getAllChildrenNumber
        case .addWatch: .addWatch
        case .whoAmI: .whoAmI
        case .closeSession: .closeSession
        }
    }
}

/// `deleteContainer` has no structure: its path is all of its body.
private func restAsText(_ frame: RawSpan, _ at: inout Int) throws(WireError) -> String {
    let place = min(at, frame.byteCount)..<frame.byteCount
    at = frame.byteCount
    return try text(frame, place, "deleteContainer.path")
}
