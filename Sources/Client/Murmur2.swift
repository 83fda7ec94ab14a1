/// MurmurHash2 with the seed by which Kafka's clients place keys, so that a key lands where every other client puts it.
///
/// Source: Austin Appleby's public-domain MurmurHash2 (32 bits), seed 0x9747b28c; KIP-794.
package func murmur2(_ key: some Collection<UInt8>) -> UInt32 {
    let factor: UInt32 = 0x5bd1_e995
    var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: key.count)
    var word: UInt32 = 0
    var filled: UInt32 = 0
    for byte in key {
        word |= UInt32(byte) << (8 * filled)
        filled += 1
        if filled == 4 {
            word = word &* factor
            word ^= word >> 24
            hash = hash &* factor ^ word &* factor
            (word, filled) = (0, 0)
        }
    }
    if filled > 0 { hash = (hash ^ word) &* factor }
    hash ^= hash >> 13
    hash = hash &* factor
    return hash ^ hash >> 15
}

/// The partition of a record with that key, as Kafka's default partitioner has it.
package func partition(ofKey key: [UInt8], count: Int) -> Int32 {
    Int32(Int(murmur2(key) & 0x7fff_ffff) % count)
}
