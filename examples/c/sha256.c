#include "sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 64 };

/* Section 4.2.2: of the cube roots of the first 64 primes, 32 bits after the point. */
static const uint32_t ROUND_CONSTANTS[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t word, int bits) {
    return word >> bits | word << (32 - bits);
}

/* Section 6.2.2. */
static void absorb(uint32_t hash[8], const unsigned char block[BLOCK]) {
    uint32_t words[ROUNDS];
    for (int t = 0; t < 16; t++)
        words[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
                   (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < ROUNDS; t++) {
        uint32_t early = words[t - 15], late = words[t - 2];
        words[t] = words[t - 16] + words[t - 7] +
                   (rotated(early, 7) ^ rotated(early, 18) ^ early >> 3) +
                   (rotated(late, 17) ^ rotated(late, 19) ^ late >> 10);
    }
    uint32_t v[8];
    memcpy(v, hash, sizeof v);
    for (int t = 0; t < ROUNDS; t++) {
        uint32_t a = v[0], e = v[4];
        uint32_t choice = (e & v[5]) ^ (~e & v[6]);
        uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
        uint32_t first = v[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice +
                         ROUND_CONSTANTS[t] + words[t];
        uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority;
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (int k = 0; k < 8; k++) hash[k] += v[k];
}

/* Section 5.1.1: a one, zeros, and the length in bits fill the last block or two. */
static void absorb_end(uint32_t hash[8], unsigned char block[BLOCK], size_t filled, uint64_t bytes) {
    memset(block + filled, 0, BLOCK - filled);
    block[filled] = 0x80;
    if (filled >= BLOCK - 8) {
        absorb(hash, block);
        memset(block, 0, BLOCK);
    }
    for (int k = 0; k < 8; k++) block[BLOCK - 1 - k] = (unsigned char)(bytes * 8 >> 8 * k);
    absorb(hash, block);
}

bool sha256_of_file(const char *path, char digest[SHA256_DIGITS + 1]) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char block[BLOCK];
    uint64_t bytes = 0;
    size_t filled;
    while ((filled = fread(block, 1, BLOCK, file)) == BLOCK) {
        absorb(hash, block);
        bytes += BLOCK;
    }
    bool whole = !ferror(file);
    fclose(file);
    absorb_end(hash, block, filled, bytes + filled);
    for (int k = 0; k < 8; k++) sprintf(digest + 8 * k, "%08x", (unsigned)hash[k]);
    return whole;
}
