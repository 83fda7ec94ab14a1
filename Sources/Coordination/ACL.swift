/// Who a caller is, or whom an access rule names: a scheme and what it calls him, `digest` and `user:base64(sha1)`.
package struct Identity: Hashable, Sendable {
    package let scheme: String
    package let id: String

    package init(scheme: String, id: String) {
        self.scheme = scheme
        self.id = id
    }

    package static let anyone = Identity(scheme: "world", id: "anyone")
    /// In a new access list: stands for each identity of whoever writes it.
    package static let caller = Identity(scheme: "auth", id: "")
    /// A caller to whom no list applies.
    package static let superuser = Identity(scheme: "super", id: "")

    package static func == (a: Identity, b: Identity) -> Bool {
        ExactText(a.scheme) == ExactText(b.scheme) && ExactText(a.id) == ExactText(b.id)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(scheme))
        hasher.combine(ExactText(id))
    }
}

/// What an access rule allows. Bits beyond ZooKeeper's five are kept as clients sent them.
package struct Permissions: OptionSet, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let read = Permissions(rawValue: 1)
    /// Set data.
    package static let write = Permissions(rawValue: 2)
    /// Create children.
    package static let create = Permissions(rawValue: 4)
    /// Delete children.
    package static let delete = Permissions(rawValue: 8)
    /// Set the access list.
    package static let admin = Permissions(rawValue: 16)
    package static let all = Permissions(rawValue: 31)
}

/// One rule of an access list.
package struct ACLEntry: Hashable, Sendable {
    package let permissions: Permissions
    package let identity: Identity

    package init(_ permissions: Permissions, _ identity: Identity) {
        self.permissions = permissions
        self.identity = identity
    }
}

/// An access list. Most znodes share a few, in one copy: see `ACLCache`.
package typealias ACL = [ACLEntry]

extension [ACLEntry] {
    /// Everybody may do everything: ZooKeeper's `OPEN_ACL_UNSAFE`.
    package static var open: ACL { openList }
    /// Everybody may read.
    package static var readOnly: ACL { readOnlyList }
}

private let openList: ACL = [ACLEntry(.all, .anyone)]
private let readOnlyList: ACL = [ACLEntry(.read, .anyone)]

/// Makes equal access lists one in memory. What it forgets costs only space.
struct ACLCache: Sendable {
    static let listsMax = 4096
    private var lists: [ACL: ACL] = [.open: .open, .readOnly: .readOnly]

    mutating func shared(_ list: ACL) -> ACL {
        if let known = lists[list] { return known }
        if lists.count >= Self.listsMax { self = ACLCache() }
        lists[list] = list
        return list
    }
}
