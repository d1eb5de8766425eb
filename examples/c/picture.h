/* Binary PPM files (P6, 8 bits) <-> tensors [1, 3, H, W], RGB, in [0, 1]. */
#ifndef PICTURE_H
#define PICTURE_H

#include "values.h"

OrtValue *read_picture(const char *path);

/* Clips, rounds and writes. */
void write_picture(const char *path, OrtValue *image);

#endif
