extension ConfigDefinition {
    /// Checks type and rules.
    package func validate(_ value: String) throws(ConfigError) {
        switch type {
        case .boolean: _ = try boolean(value)
        case .int: try validate(integer: try integer(value, bits: 32), value)
        case .short: try validate(integer: try integer(value, bits: 16), value)
        case .long: try validate(integer: try integer(value, bits: 64), value)
        case .double:
            let number = try double(value)
            if case .doubleRange(let low, let high) = validator {
                if number < low { throw wrong(value, "Value must be at least \(low)") }
                if number > high { throw wrong(value, "Value must be no more than \(high)") }
            }
        case .list: try validate(list: value)
        case .string, .class, .password: try validate(text: value)
        }
    }

    // MARK: Typed getters

    package func boolean(_ value: String) throws(ConfigError) -> Bool {
        switch Self.trimmed(value).lowercased() {
        case "true": return true
        case "false": return false
        default: throw wrong(value, "Expected value to be either true or false")
        }
    }

    package func integer(_ value: String) throws(ConfigError) -> Int64 {
        try integer(value, bits: type == .int ? 32 : type == .short ? 16 : 64)
    }

    package func double(_ value: String) throws(ConfigError) -> Double {
        guard let number = Double(Self.trimmed(value)), number.isFinite else {
            throw wrong(value, "Not a number of type DOUBLE")
        }
        return number
    }

    /// `a, b` is two items; nothing is none.
    package static func list(_ value: String) -> [String] {
        let items = value.split(separator: ",", omittingEmptySubsequences: false).map { trimmed(String($0)) }
        return items == [""] ? [] : items
    }

    // MARK: Helpers

    private func integer(_ value: String, bits: Int) throws(ConfigError) -> Int64 {
        let kind = bits == 64 ? "LONG" : bits == 32 ? "INT" : "SHORT"
        guard let number = Int64(Self.trimmed(value)) else {
            throw wrong(value, "Not a number of type \(kind)")
        }
        let highest = Int64.max >> Int64(64 - bits)
        guard number <= highest, number >= -highest - 1 else {
            throw wrong(value, "Not a number of type \(kind)")
        }
        return number
    }

    private func validate(integer number: Int64, _ value: String) throws(ConfigError) {
        switch validator {
        case .atLeast(let low):
            if number < low { throw wrong(value, "Value must be at least \(low)") }
        case .range(let low, let high):
            if number < low { throw wrong(value, "Value must be at least \(low)") }
            if number > high { throw wrong(value, "Value must be no more than \(high)") }
        default: break
        }
    }

    private func validate(text value: String) throws(ConfigError) {
        switch validator {
        case .oneOf(let allowed):
            if !allowed.contains(value) {
                throw wrong(value, "String must be one of: \(allowed.joined(separator: ", "))")
            }
        case .nonEmpty:
            if value.isEmpty { throw wrong(value, "String must be non-empty") }
        default: break
        }
    }

    private func validate(list value: String) throws(ConfigError) {
        let items = Self.list(value)
        if case .throttledReplicas = validator { return try validate(throttled: items, value) }
        if items.contains("") { throw wrong(value, "Configuration '\(name)' must not contain empty items.") }
        if Set(items).count != items.count {
            throw wrong(value, "Configuration '\(name)' must not contain duplicate items.")
        }
        switch validator {
        case .listOf(let allowed):
            if !items.allSatisfy(allowed.contains) {
                throw wrong(value, "String must be one of: \(allowed.joined(separator: ", "))")
            }
        case .nonEmpty:
            if items.isEmpty { throw wrong(value, "Configuration '\(name)' must not be empty.") }
        default: break
        }
    }

    private func validate(throttled items: [String], _ value: String) throws(ConfigError) {
        if items.isEmpty || items == ["*"] { return }
        let isPair = { (item: String) -> Bool in
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count == 2 && parts.allSatisfy { UInt32($0) != nil }
        }
        guard items.allSatisfy(isPair) else {
            throw wrong(
                value, "must be the literal '*' or a list of replicas as [partitionId]:[brokerId],...")
        }
    }

    private func wrong(_ value: String, _ why: String) -> ConfigError {
        ConfigError("Invalid value \(isSensitive ? "[hidden]" : value) for configuration \(name): \(why)")
    }

    /// Numbers and booleans may have space around them, as in Kafka.
    package static func trimmed(_ text: String) -> String {
        let isBlank = { (c: Character) in c.isWhitespace }
        guard let first = text.firstIndex(where: { !isBlank($0) }) else { return "" }
        let last = text.lastIndex { !isBlank($0) } ?? first
        return String(text[first...last])
    }
}
