package import Vocabulary

/// A decision's outcome on its way from the leader to the broker that was asked.
extension CoordinationReply {
    private enum ReplyType: UInt64 {
        case written = 1
        case multi = 2
        case session = 3
        case sessionClosed = 4
    }

    package func encode() -> [UInt8] {
        var out = FieldWriter()
        out.putVersion()
        switch self {
        case .written(let result):
            out.put(type: ReplyType.written)
            result.encode(to: &out)
        case .multi(let results):
            out.put(type: ReplyType.multi)
            out.put(results) { $1.encode(to: &$0) }
        case .session(let session):
            out.put(type: ReplyType.session)
            out.put(session)
        case .sessionClosed: out.put(type: ReplyType.sessionClosed)
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(FieldError) {
        var input = FieldReader(bytes)
        try input.version()
        switch try input.type(ReplyType.self) {
        case .written: self = .written(try ZnodeResult(from: &input))
        case .multi:
            self = .multi(
                try input.array { input throws(FieldError) in try ZnodeResult(from: &input) })
        case .session: self = .session(try input.session())
        case .sessionClosed: self = .sessionClosed
        }
        try input.end()
    }
}

extension ZnodeResult {
    private enum ResultType: UInt64 {
        case created = 1
        case deleted = 2
        case dataSet = 3
        case aclSet = 4
        case checked = 5
        case failed = 6
    }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .created(let path, let stat):
            out.put(type: ResultType.created)
            out.put(path)
            stat.encode(to: &out)
        case .deleted: out.put(type: ResultType.deleted)
        case .dataSet(let stat):
            out.put(type: ResultType.dataSet)
            stat.encode(to: &out)
        case .aclSet(let stat):
            out.put(type: ResultType.aclSet)
            stat.encode(to: &out)
        case .checked: out.put(type: ResultType.checked)
        case .failed(let error):
            out.put(type: ResultType.failed)
            out.put(zigzag: error.rawValue)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.type(ResultType.self) {
        case .created: self = .created(path: try input.string(), try ZnodeStat(from: &input))
        case .deleted: self = .deleted
        case .dataSet: self = .dataSet(try ZnodeStat(from: &input))
        case .aclSet: self = .aclSet(try ZnodeStat(from: &input))
        case .checked: self = .checked
        case .failed:
            guard let error = CoordinationError(rawValue: try input.zigzag32()) else {
                throw input.malformed("an unknown error")
            }
            self = .failed(error)
        }
    }
}

extension ZnodeStat {
    func encode(to out: inout FieldWriter) {
        for number in [czxid, mzxid, pzxid, ctime, mtime, ephemeralOwner] { out.put(zigzag: number) }
        for number in [version, cversion, aversion, dataLength, numChildren] { out.put(zigzag: number) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        czxid = try input.zigzag64()
        mzxid = try input.zigzag64()
        pzxid = try input.zigzag64()
        ctime = try input.zigzag64()
        mtime = try input.zigzag64()
        ephemeralOwner = try input.zigzag64()
        version = try input.zigzag32()
        cversion = try input.zigzag32()
        aversion = try input.zigzag32()
        dataLength = try input.zigzag32()
        numChildren = try input.zigzag32()
    }
}
