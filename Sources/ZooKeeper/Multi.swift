import Wire

// multi and multiRead: operations, each behind a `MultiHeader`, and a last header that says so. The results likewise.

/// One of a multi's operations, which happen all or none.
package enum MultiOperation: Equatable, Sendable {
    case create(CreateRequest)
    case delete(VersionedPath)
    case setData(SetDataRequest)
    case check(VersionedPath)

    package var opCode: OpCode {
        switch self {
        case .create(let request): request.opCode
        case .delete: .delete
        case .setData: .setData
        case .check: .check
        }
    }

    package var path: String {
        switch self {
        case .create(let request): request.path
        case .delete(let request), .check(let request): request.path
        case .setData(let request): request.path
        }
    }
}

extension MultiOperation: MultiEntry {
    init(_ frame: RawSpan, _ at: inout Int, _ header: MultiHeader) throws(WireError) {
        switch OpCode(rawValue: header.type) {
        case let opCode? where [.create, .create2, .createContainer, .createTTL].contains(opCode):
            self = .create(try CreateRequest(frame, &at, opCode))
        case .delete: self = .delete(try VersionedPath(frame, &at))
        case .setData: self = .setData(try SetDataRequest(frame, &at))
        case .check: self = .check(try VersionedPath(frame, &at))
        default: throw header.unexpectedType(at)
        }
    }

    var header: MultiHeader { MultiHeader(type: opCode.rawValue, isDone: false, code: -1) }

    var size: Int {
        switch self {
        case .create(let request): request.size
        case .delete(let request), .check(let request): request.size
        case .setData(let request): request.size
        }
    }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        switch self {
        case .create(let request): request.write(out, &at)
        case .delete(let request), .check(let request): request.write(out, &at)
        case .setData(let request): request.write(out, &at)
        }
    }
}

/// One of a multiRead's operations, each of which succeeds or fails for itself.
package enum MultiReadOperation: Equatable, Sendable {
    case getData(ReadRequest)
    case getChildren(ReadRequest)
}

extension MultiReadOperation: MultiEntry {
    init(_ frame: RawSpan, _ at: inout Int, _ header: MultiHeader) throws(WireError) {
        switch OpCode(rawValue: header.type) {
        case .getData: self = .getData(try ReadRequest(frame, &at))
        case .getChildren: self = .getChildren(try ReadRequest(frame, &at))
        default: throw header.unexpectedType(at)
        }
    }

    package var request: ReadRequest {
        switch self {
        case .getData(let request), .getChildren(let request): request
        }
    }

    var header: MultiHeader {
        let opCode: OpCode = if case .getData = self { .getData } else { .getChildren }
        return MultiHeader(type: opCode.rawValue, isDone: false, code: -1)
    }

    var size: Int { request.size }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) { request.write(out, &at) }
}

/// What one operation of a multi or multiRead came to.
package enum MultiResult: Equatable, Sendable {
    /// Of `create`, and as ZooKeeper 3.8 answers, of `create2`.
    case created(path: String)
    /// Of `createContainer` and `createTTL`, both of which answer with the type of `create2`.
    case createdWithStat(path: String, ZnodeStat)
    case deleted
    case dataSet(ZnodeStat)
    case checked
    case data([UInt8]?, ZnodeStat)
    case children([String])
    /// In a failed multi every operation has one: OK before the one that failed, RUNTIMEINCONSISTENCY behind it.
    case error(ResultCode)
}

extension MultiResult: MultiEntry {
    init(_ frame: RawSpan, _ at: inout Int, _ header: MultiHeader) throws(WireError) {
        if header.type == MultiHeader.noType {
            self = .error(ResultCode(rawValue: try readInt32(frame, &at, "ErrorResponse.err")))
            return
        }
        switch OpCode(rawValue: header.type) {
        case .create: self = .created(path: try readJuteString(frame, &at, "CreateResponse.path"))
        case .create2:
            let path = try readJuteString(frame, &at, "Create2Response.path")
            self = .createdWithStat(path: path, try ZnodeStat(frame, &at))
        case .delete: self = .deleted
        case .setData: self = .dataSet(try ZnodeStat(frame, &at))
        case .check: self = .checked
        case .getData:
            let data = try readNullableBytes(frame, &at, flexible: false, "GetDataResponse.data")
            self = .data(data, try ZnodeStat(frame, &at))
        case .getChildren: self = .children(try readJuteStrings(frame, &at, "GetChildrenResponse.children"))
        default: throw header.unexpectedType(at)
        }
    }

    var header: MultiHeader {
        switch self {
        case .created: MultiHeader(.create)
        case .createdWithStat: MultiHeader(.create2)
        case .deleted: MultiHeader(.delete)
        case .dataSet: MultiHeader(.setData)
        case .checked: MultiHeader(.check)
        case .data: MultiHeader(.getData)
        case .children: MultiHeader(.getChildren)
        case .error(let code): MultiHeader(type: MultiHeader.noType, isDone: false, code: code.rawValue)
        }
    }

    var size: Int {
        switch self {
        case .created(let path): juteStringSize(path)
        case .createdWithStat(let path, let stat): juteStringSize(path) + stat.size
        case .deleted, .checked: 0
        case .dataSet(let stat): stat.size
        case .data(let data, let stat): nullableBytesSize(data, flexible: false) + stat.size
        case .children(let names): juteStringsSize(names)
        case .error: 4
        }
    }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        switch self {
        case .created(let path): writeJuteString(path, out, &at)
        case .createdWithStat(let path, let stat):
            writeJuteString(path, out, &at)
            stat.write(out, &at)
        case .deleted, .checked: break
        case .dataSet(let stat): stat.write(out, &at)
        case .data(let data, let stat):
            writeNullableBytes(data, out, &at, flexible: false)
            stat.write(out, &at)
        case .children(let names): writeJuteStrings(names, out, &at)
        case .error(let code): writeInt32(code.rawValue, out, &at)
        }
    }
}
