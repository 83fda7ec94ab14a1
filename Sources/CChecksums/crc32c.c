// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720, appendix B.4).
//
// A processor's CRC instruction takes three cycles but can start anew in each: so three stretches of the input are
// summed side by side, and the three sums put together by shifting the earlier ones over the later stretches. Shifting
// by n bytes is a multiplication by x^(8n) modulo the polynomial: one carry-less multiplication and one CRC step where
// there is an instruction for it (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction",
// Intel, 2011), a loop of 32 steps elsewhere.
#include "cchecksums.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif
#endif

#define POLYNOMIAL 0x82F63B78u

typedef uint32_t (*crc_way)(uint32_t, const uint8_t *, size_t);

static uint32_t table[8][256];

// The product of two polynomials modulo ours. Reflected: the highest bit is the coefficient of x^0.
static uint32_t multiplied(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (int bit = 31; bit >= 0; bit--) {
        if (a >> bit & 1) product ^= b;
        b = (b & 1) ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

// x^exponent modulo our polynomial.
static uint32_t power_of_x(uint64_t exponent) {
    uint32_t result = 0x80000000u, square = 0x40000000u;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = multiplied(result, square);
        square = multiplied(square, square);
    }
    return result;
}

static inline uint64_t load64(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

// Slicing by eight: eight bytes a step, one table for each. All ways take and give the inverted register.
static uint32_t by_tables(uint32_t crc, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; n > 0; n--) crc = table[0][(crc ^ *p++) & 255] ^ crc >> 8;
    return crc;
}

// Stretches of three lengths, so that short inputs gain as well.
enum { LONG = 4096, MIDDLE = 512, SHORT = 64 };

#if defined(__x86_64__)

static uint32_t shift_long[2], shift_middle[2], shift_short[2];  // Over one stretch, over two.

// `constant` is x^(8n - 33): the carry-less product of two reflected numbers is off by x, the CRC step adds x^32.
__attribute__((target("sse4.2,pclmul"), always_inline))
static inline uint64_t shifted(uint64_t crc, uint32_t constant) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)constant), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"), always_inline))
static inline uint64_t three(uint64_t crc, const uint8_t *p, size_t stretch, const uint32_t shift[2]) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < stretch; i += 8) {
        crc = _mm_crc32_u64(crc, load64(p + i));
        second = _mm_crc32_u64(second, load64(p + stretch + i));
        third = _mm_crc32_u64(third, load64(p + 2 * stretch + i));
    }
    return shifted(crc, shift[1]) ^ shifted(second, shift[0]) ^ third;
}

__attribute__((target("sse4.2,pclmul")))
static uint32_t by_sse42(uint32_t start, const uint8_t *p, size_t n) {
    uint64_t crc = start;
    for (; n > 0 && ((uintptr_t)p & 7) != 0; n--) crc = _mm_crc32_u8((uint32_t)crc, *p++);
    for (; n >= 3 * LONG; n -= 3 * LONG, p += 3 * LONG) crc = three(crc, p, LONG, shift_long);
    for (; n >= 3 * MIDDLE; n -= 3 * MIDDLE, p += 3 * MIDDLE) crc = three(crc, p, MIDDLE, shift_middle);
    for (; n >= 3 * SHORT; n -= 3 * SHORT, p += 3 * SHORT) crc = three(crc, p, SHORT, shift_short);
    for (; n >= 8; n -= 8, p += 8) crc = _mm_crc32_u64(crc, load64(p));
    for (; n > 0; n--) crc = _mm_crc32_u8((uint32_t)crc, *p++);
    return (uint32_t)crc;
}

static crc_way best_way(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) return by_tables;
    for (int i = 0; i < 2; i++) {
        shift_long[i] = power_of_x(8 * LONG * (uint64_t)(i + 1) - 33);
        shift_middle[i] = power_of_x(8 * MIDDLE * (uint64_t)(i + 1) - 33);
        shift_short[i] = power_of_x(8 * SHORT * (uint64_t)(i + 1) - 33);
    }
    return by_sse42;
}

#elif defined(__aarch64__)

static uint32_t shift_long[2];  // x^(8n): shifted in software, so only long stretches are worth it.

__attribute__((target("crc")))
static uint32_t by_arm_crc(uint32_t crc, const uint8_t *p, size_t n) {
    for (; n > 0 && ((uintptr_t)p & 7) != 0; n--) crc = __crc32cb(crc, *p++);
    for (; n >= 3 * LONG; n -= 3 * LONG, p += 3 * LONG) {
        uint32_t second = 0, third = 0;
        for (size_t i = 0; i < LONG; i += 8) {
            crc = __crc32cd(crc, load64(p + i));
            second = __crc32cd(second, load64(p + LONG + i));
            third = __crc32cd(third, load64(p + 2 * LONG + i));
        }
        crc = multiplied(crc, shift_long[1]) ^ multiplied(second, shift_long[0]) ^ third;
    }
    for (; n >= 8; n -= 8, p += 8) crc = __crc32cd(crc, load64(p));
    for (; n > 0; n--) crc = __crc32cb(crc, *p++);
    return crc;
}

static crc_way best_way(void) {
#if defined(__linux__)
    if (!(getauxval(AT_HWCAP) & HWCAP_CRC32)) return by_tables;
#elif !defined(__APPLE__) && !defined(__ARM_FEATURE_CRC32)
    return by_tables;
#endif
    for (int i = 0; i < 2; i++) shift_long[i] = power_of_x(8 * LONG * (uint64_t)(i + 1));
    return by_arm_crc;
}

#else

static crc_way best_way(void) { return by_tables; }

#endif

static crc_way way = by_tables;

// Before main: no call ever sees half a table, and none has to ask whether they are made. About 10 microseconds.
__attribute__((constructor))
static void prepare(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[0][byte] = crc;
    }
    for (int slice = 1; slice < 8; slice++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = table[slice - 1][byte];
            table[slice][byte] = table[0][crc & 255] ^ crc >> 8;
        }
    }
    way = best_way();
}

uint32_t checksums_crc32c(uint32_t crc, const void *data, size_t length) { return ~way(~crc, data, length); }

uint32_t checksums_crc32c_portable(uint32_t crc, const void *data, size_t length) {
    return ~by_tables(~crc, data, length);
}
