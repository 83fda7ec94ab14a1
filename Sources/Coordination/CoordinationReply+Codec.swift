import Vocabulary

/// A decision's outcome on its way from the leader to the broker that was asked.
extension CoordinationReply {
    private static let version: UInt8 = 0

    private enum ReplyType: UInt8 {
        case written = 1
        case multi = 2
        case session = 3
        case sessionClosed = 4
    }

    package func encode() -> [UInt8] {
        var out = CoordinationWriter()
        out.put(byte: Self.version)
        switch self {
        case .written(let result):
            out.put(byte: ReplyType.written.rawValue)
            result.encode(to: &out)
        case .multi(let results):
            out.put(byte: ReplyType.multi.rawValue)
            out.put(results) { $1.encode(to: &$0) }
        case .session(let session):
            out.put(byte: ReplyType.session.rawValue)
            out.put(session)
        case .sessionClosed: out.put(byte: ReplyType.sessionClosed.rawValue)
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(CoordinationCodingError) {
        var input = CoordinationReader(bytes)
        let version = try input.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let place = input.at
        let number = try input.byte()
        guard let type = ReplyType(rawValue: number) else { throw .unknownType(number, at: place) }
        switch type {
        case .written: self = .written(try ZnodeResult(from: &input))
        case .multi:
            self = .multi(
                try input.array { input throws(CoordinationCodingError) in try ZnodeResult(from: &input) })
        case .session: self = .session(try input.session())
        case .sessionClosed: self = .sessionClosed
        }
        try input.end()
    }
}

extension ZnodeResult {
    private enum ResultType: UInt8 {
        case created = 1
        case deleted = 2
        case dataSet = 3
        case aclSet = 4
        case checked = 5
        case failed = 6
    }

    func encode(to out: inout CoordinationWriter) {
        switch self {
        case .created(let path, let stat):
            out.put(byte: ResultType.created.rawValue)
            out.put(path)
            stat.encode(to: &out)
        case .deleted: out.put(byte: ResultType.deleted.rawValue)
        case .dataSet(let stat):
            out.put(byte: ResultType.dataSet.rawValue)
            stat.encode(to: &out)
        case .aclSet(let stat):
            out.put(byte: ResultType.aclSet.rawValue)
            stat.encode(to: &out)
        case .checked: out.put(byte: ResultType.checked.rawValue)
        case .failed(let error):
            out.put(byte: ResultType.failed.rawValue)
            out.put(error.rawValue)
        }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        let place = input.at
        let number = try input.byte()
        guard let type = ResultType(rawValue: number) else { throw .unknownType(number, at: place) }
        switch type {
        case .created: self = .created(path: try input.string(), try ZnodeStat(from: &input))
        case .deleted: self = .deleted
        case .dataSet: self = .dataSet(try ZnodeStat(from: &input))
        case .aclSet: self = .aclSet(try ZnodeStat(from: &input))
        case .checked: self = .checked
        case .failed:
            guard let error = CoordinationError(rawValue: try input.int32()) else {
                throw .malformed(at: place, "an unknown error")
            }
            self = .failed(error)
        }
    }
}

extension ZnodeStat {
    func encode(to out: inout CoordinationWriter) {
        for number in [czxid, mzxid, pzxid, ctime, mtime, ephemeralOwner] { out.put(number) }
        for number in [version, cversion, aversion, dataLength, numChildren] { out.put(number) }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        czxid = try input.int64()
        mzxid = try input.int64()
        pzxid = try input.int64()
        ctime = try input.int64()
        mtime = try input.int64()
        ephemeralOwner = try input.int64()
        version = try input.int32()
        cversion = try input.int32()
        aversion = try input.int32()
        dataLength = try input.int32()
        numChildren = try input.int32()
    }
}
