/* SHA-256 (FIPS 180-4) of a file. */
#ifndef SHA256_H
#define SHA256_H

#include <stdbool.h>

enum { SHA256_DIGITS = 64 };

/* Writes the hexadecimal digest; returns false when the file cannot be read. */
bool sha256_of_file(const char *path, char digest[SHA256_DIGITS + 1]);

#endif
