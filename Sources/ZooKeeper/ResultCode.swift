/// A reply's outcome, by ZooKeeper's names and numbers. Not an enum: a newer server may know more of them.
/// Source: ZooKeeper 3.9's `KeeperException.Code`.
package struct ResultCode: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let ok = ResultCode(rawValue: 0)
    package static let systemError = ResultCode(rawValue: -1)
    /// In a failed multi: an operation behind the one that failed.
    package static let runtimeInconsistency = ResultCode(rawValue: -2)
    package static let dataInconsistency = ResultCode(rawValue: -3)
    /// Never on the wire: what a client says of requests whose answer it cannot know any more.
    package static let connectionLoss = ResultCode(rawValue: -4)
    package static let marshallingError = ResultCode(rawValue: -5)
    package static let unimplemented = ResultCode(rawValue: -6)
    package static let operationTimeout = ResultCode(rawValue: -7)
    package static let badArguments = ResultCode(rawValue: -8)
    package static let unknownSession = ResultCode(rawValue: -12)
    package static let newConfigNoQuorum = ResultCode(rawValue: -13)
    package static let reconfigInProgress = ResultCode(rawValue: -14)
    package static let apiError = ResultCode(rawValue: -100)
    package static let noNode = ResultCode(rawValue: -101)
    package static let noAuth = ResultCode(rawValue: -102)
    package static let badVersion = ResultCode(rawValue: -103)
    package static let noChildrenForEphemerals = ResultCode(rawValue: -108)
    package static let nodeExists = ResultCode(rawValue: -110)
    package static let notEmpty = ResultCode(rawValue: -111)
    package static let sessionExpired = ResultCode(rawValue: -112)
    package static let invalidCallback = ResultCode(rawValue: -113)
    package static let invalidACL = ResultCode(rawValue: -114)
    package static let authFailed = ResultCode(rawValue: -115)
    package static let sessionMoved = ResultCode(rawValue: -118)
    package static let notReadOnly = ResultCode(rawValue: -119)
    package static let ephemeralOnLocalSession = ResultCode(rawValue: -120)
    package static let noWatcher = ResultCode(rawValue: -121)
    package static let requestTimeout = ResultCode(rawValue: -122)
    package static let reconfigDisabled = ResultCode(rawValue: -123)
    package static let sessionClosedRequireSaslAuth = ResultCode(rawValue: -124)
    package static let quotaExceeded = ResultCode(rawValue: -125)
    package static let throttledOp = ResultCode(rawValue: -127)

    /// ZooKeeper's name, as `NONODE`; the number where it has none.
    package var description: String { Self.names[rawValue] ?? String(rawValue) }

    private static let names: [Int32: String] = [
        0: "OK", -1: "SYSTEMERROR", -2: "RUNTIMEINCONSISTENCY", -3: "DATAINCONSISTENCY", -4: "CONNECTIONLOSS",
        -5: "MARSHALLINGERROR", -6: "UNIMPLEMENTED", -7: "OPERATIONTIMEOUT", -8: "BADARGUMENTS",
        -12: "UNKNOWNSESSION", -13: "NEWCONFIGNOQUORUM", -14: "RECONFIGINPROGRESS", -100: "APIERROR",
        -101: "NONODE", -102: "NOAUTH", -103: "BADVERSION", -108: "NOCHILDRENFOREPHEMERALS",
        -110: "NODEEXISTS", -111: "NOTEMPTY", -112: "SESSIONEXPIRED", -113: "INVALIDCALLBACK",
        -114: "INVALIDACL", -115: "AUTHFAILED", -118: "SESSIONMOVED", -119: "NOTREADONLY",
        -120: "EPHEMERALONLOCALSESSION", -121: "NOWATCHER", -122: "REQUESTTIMEOUT", -123: "RECONFIGDISABLED",
        -124: "SESSIONCLOSEDREQUIRESASLAUTH", -125: "QUOTAEXCEEDED", -127: "THROTTLEDOP",
    ]
}
