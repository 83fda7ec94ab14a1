/// A mistake in a schema, with its place: `012-Heartbeat.schema:5: unknown type 'strin'`.
package struct SchemaError: Error, Equatable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let message: String

    package var description: String { "\(file):\(line): \(message)" }
}
