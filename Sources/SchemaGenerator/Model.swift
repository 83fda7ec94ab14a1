// What the resolver makes of the parsed files: everything named is found, every type is known, versions agree.

/// All schemas together.
package struct ProtocolModel {
    package var apis: [ApiModel] = []  // By key.
    package var records: [RecordModel] = []  // By file.
}

/// One API: its request and its response.
package struct ApiModel {
    package var key: Int
    package var name: String
    package var request: MessageModel
    package var response: MessageModel
}

/// What is stored in one kind of record: a coordinator's key and value, or one structure.
package struct RecordModel {
    package var name: String
    package var messages: [MessageModel]
}

/// A message with the structures that it is made of, flat.
package struct MessageModel {
    package var name: String
    /// What it is, for the doc comment: `request of api 12`.
    package var role: String
    package var validVersions: ClosedRange<Int>
    /// Without a last version that may still change.
    package var stableVersions: ClosedRange<Int>
    /// Nil when no version is flexible.
    package var flexibleFrom: Int?
    package var recordType: Int?
    package var body: StructModel
    package var structs: [StructModel]
    package var comment: [String]
}

/// A structure: the message itself, or one within it.
package struct StructModel {
    package var name: String
    /// What errors name: `MetadataRequest.topics`.
    package var path: String
    /// The versions in which it can be met: no code is needed for others.
    package var span: ClosedRange<Int>
    package var fields: [FieldModel]
    /// Whether it is compared with its default, as the value of a tagged field. Only these are Equatable: for
    /// all structures it would be a fifth of the room's code.
    package var isCompared = false
}

package struct FieldModel {
    package var name: String
    package var type: FieldType
    package var versions: VersionRange
    package var nullable: VersionRange
    package var tag: Tag?
    package var isIgnorable: Bool
    package var defaultValue: DefaultValue
    package var comment: [String]

    package struct Tag {
        package var number: Int
        package var versions: VersionRange
    }
    package var isNullable: Bool { !nullable.isEmpty }
}

package indirect enum FieldType: Equatable, Sendable {
    case bool, int8, int16, int32, int64, uint16, uint32, float64, uuid
    case string
    /// `bytes`, and `records` too: what lies in them is another room's matter.
    case bytes
    case structure(String)
    case array(FieldType, elementSizeMin: Int)
}

package enum DefaultValue: Equatable {
    case null
    /// Zero, false, no elements, no characters, all fields at their defaults.
    case empty
    case integer(String)
    case bool(Bool)
    case string(String)
}
