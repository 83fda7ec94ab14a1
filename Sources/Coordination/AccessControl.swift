import Vocabulary

/// Who may do what, by a znode's access list. The rules are ZooKeeper's.
struct AccessControl: Sendable {
    /// Schemes that a list may name beside `world`, `auth`, `digest` and `ip`.
    let moreSchemes: Set<String>

    /// - Throws: `noAuth` unless some entry of `list` grants one of `permissions` to one of `identities`, or one of these
    ///   is a superuser's. An empty list bars nobody.
    func check(_ list: ACL, _ permissions: Permissions, _ identities: [Identity]) throws(CoordinationError) {
        if !permits(list, permissions, identities) { throw .noAuth }
    }

    func permits(_ list: ACL, _ permissions: Permissions, _ identities: [Identity]) -> Bool {
        if list.isEmpty || list == .open { return true }
        if Canary.letsAnyoneRead.isChosen, permissions == .read { return true }
        if identities.contains(where: { $0.scheme == Identity.superuser.scheme }) { return true }
        return list.contains { entry in
            if entry.permissions.isDisjoint(with: permissions) { return false }
            if entry.identity == .anyone { return true }
            return identities.contains { Self.matches($0, entry.identity) }
        }
    }

    /// A new list as it is kept: without repetitions, `auth` replaced by the caller's identities.
    ///
    /// - Throws: `invalidACL` for an empty list, an unknown scheme, an id its scheme does not know, and `auth` of a caller
    ///   who has shown nothing but his address.
    func fixed(_ list: ACL, for identities: [Identity]) throws(CoordinationError) -> ACL {
        if list == .open { return .open }
        var fixed: ACL = []
        for entry in list {
            let identity = entry.identity
            if identity.scheme == Identity.caller.scheme {
                let shown = identities.filter { isAuthenticated($0.scheme) }
                if shown.isEmpty { throw .invalidACL }
                for own in shown { Self.add(ACLEntry(entry.permissions, own), to: &fixed) }
            } else {
                if !isValid(identity) { throw .invalidACL }
                Self.add(entry, to: &fixed)
            }
        }
        if fixed.isEmpty { throw .invalidACL }
        return fixed
    }

    /// A list as someone sees it who may not administer the node: without the digests of passwords.
    static func redacted(_ list: ACL) -> ACL {
        list.map { entry in
            guard entry.identity.scheme == "digest", let colon = entry.identity.id.firstIndex(of: ":") else {
                return entry
            }
            let id = entry.identity.id[..<colon] + ":x"
            return ACLEntry(entry.permissions, Identity(scheme: "digest", id: String(id)))
        }
    }

    private static func add(_ entry: ACLEntry, to list: inout ACL) {
        if !list.contains(entry) { list.append(entry) }
    }

    private static func matches(_ shown: Identity, _ named: Identity) -> Bool {
        if ExactText(shown.scheme) != ExactText(named.scheme) { return false }
        if named.scheme != "ip" { return ExactText(shown.id) == ExactText(named.id) }
        guard let address = IPPrefix(shown.id), let prefix = IPPrefix(named.id) else { return false }
        return prefix.contains(address)
    }

    /// Whether an identity of that scheme was proven, so that `auth` stands for it.
    private func isAuthenticated(_ scheme: String) -> Bool {
        scheme == "digest" || moreSchemes.contains(scheme)
    }

    private func isValid(_ identity: Identity) -> Bool {
        switch identity.scheme {
        case "world": identity == .anyone
        case "digest":
            // `user:hash`: two parts, of which the second is there.
            identity.id.split(separator: ":", omittingEmptySubsequences: false).count == 2
                && identity.id.utf8.last != UInt8(ascii: ":")
        case "ip": IPPrefix(identity.id) != nil
        default: moreSchemes.contains(identity.scheme) && !identity.id.isEmpty
        }
    }
}
