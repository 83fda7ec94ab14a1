/// Stops the process when one of our own assumptions does not hold. On in release: a wrong answer outlives a restart.
///
/// For our mistakes only. A peer's mistake is an `ErrorCode`, a machine's failure is a `DiskError`.
@inlinable
@inline(__always)
package func invariant(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #fileID, line: UInt = #line
) {
    if !condition() { invariantFailed(message(), file: file, line: line) }
}

/// The process stops here, with the numbers in the message.
@inline(never)
@usableFromInline
package func invariantFailed(_ message: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    fatalError("invariant: \(message)", file: file, line: line)
}
