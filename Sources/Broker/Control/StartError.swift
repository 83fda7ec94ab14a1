/// Why the broker does not start, in a sentence for the operator that says what to do.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
