// What the parser makes of a schema file: its lines, each understood by itself, none checked against another.

/// A schema file, line by line.
package struct SchemaFile {
    package var name: String
    package var api: ApiLine?
    package var messages: [MessageLine] = []
}

/// `api 12 Heartbeat listeners broker`
package struct ApiLine {
    package var line: Int
    package var key: Int
    package var name: String
}

/// `request HeartbeatRequest versions 0-4 flexible 4+`, with the fields and structures indented below it.
package struct MessageLine {
    package enum Kind: String {
        case request, response, header, data
        case coordinatorKey = "coordinator-key"
        case coordinatorValue = "coordinator-value"
    }
    package var line: Int
    package var kind: Kind
    package var name: String
    package var versions: VersionRange
    package var flexible: VersionRange
    /// `unstable-latest`: the last version may still change, and is not offered to clients.
    package var isLatestUnstable = false
    /// The leading int16 of a coordinator's keys.
    package var recordType: Int?
    package var fields: [FieldLine] = []
    package var structs: [StructLine] = []
    package var comment: [String] = []
}

/// `struct TaskIds 0+`: a structure that more than one field uses, fields indented below it.
package struct StructLine {
    package var line: Int
    package var name: String
    package var fields: [FieldLine]
}

/// `groupInstanceId: string 3+ nullable 3+ = null`, with the fields of its structure indented below it.
package struct FieldLine {
    package var line: Int
    package var name: String
    package var isArray: Bool
    package var typeName: String
    package var versions: VersionRange
    package var nullable: VersionRange = .none
    package var tag: (number: Int, versions: VersionRange)?
    package var isIgnorable = false
    package var defaultText: String?
    package var fields: [FieldLine] = []
    package var comment: [String] = []
}
