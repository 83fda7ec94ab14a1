import CCrypto

/// SHA-1, by OpenSSL. ZooKeeper's digest scheme rests on it; not for anything new.
func sha1(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(SHA_DIGEST_LENGTH)) { digest, count in
        _ = SHA1(bytes, bytes.count, digest.baseAddress)
        count = Int(SHA_DIGEST_LENGTH)
    }
}

/// RFC 4648, with padding.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var word: UInt32 = 0
        for index in 0..<3 { word = word << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
        for index in 0..<4 {
            text.append(
                index <= group.count ? alphabet[Int(word >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
