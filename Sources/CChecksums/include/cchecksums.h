#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli), the checksum of record batches.
///
/// `crc` is the checksum of the bytes before these, to go on from there, or 0. The way is chosen once, by what the
/// processor can do: hardware where there is some, tables elsewhere.
uint32_t checksums_crc32c(uint32_t crc, const void *data, size_t length);

/// The same by tables only: the way of last resort, which the tests hold the others against.
uint32_t checksums_crc32c_portable(uint32_t crc, const void *data, size_t length);
