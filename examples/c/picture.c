#include "picture.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

enum { LARGEST_SIDE = 1 << 16, WHITE = 255 };

/* A number of the header; white space and comments may stand before it. */
static int header_number(FILE *file, const char *path, int most) {
    int character = getc(file);
    while (isspace(character) || character == '#') {
        if (character == '#')
            while (character != '\n' && character != EOF) character = getc(file);
        character = getc(file);
    }
    int number = 0;
    for (; isdigit(character) && number <= most; character = getc(file))
        number = 10 * number + character - '0';
    if (number < 1 || number > most || !isspace(character))
        fail("cannot read the image '%s': the header of its PPM is damaged", path);
    return number;
}

OrtValue *read_picture(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("cannot read the image '%s': %s", path, strerror(errno));
    if (getc(file) != 'P' || getc(file) != '6')
        fail("cannot read the image '%s': it is not a binary PPM (P6)", path);
    size_t width = (size_t)header_number(file, path, LARGEST_SIDE);
    size_t height = (size_t)header_number(file, path, LARGEST_SIDE);
    float white = (float)header_number(file, path, WHITE);
    size_t pixels = width * height;
    unsigned char *bytes = allocate(3 * pixels, 1);
    if (fread(bytes, 3, pixels, file) != pixels)
        fail("cannot read the image '%s': it ends before its %zux%zu pixels", path, width, height);
    fclose(file);

    OrtValue *image = zeros((int64_t[]){1, 3, (int64_t)height, (int64_t)width}, 4);
    float *values = floats_of(image);
    for (size_t pixel = 0; pixel < pixels; pixel++)
        for (size_t channel = 0; channel < 3; channel++)
            values[channel * pixels + pixel] = (float)bytes[3 * pixel + channel] / white;
    free(bytes);
    return image;
}

static unsigned char byte_of(float value) {
    return (unsigned char)rintf(fminf(fmaxf(value, 0.0f), 1.0f) * WHITE);
}

void write_picture(const char *path, OrtValue *image) {
    Size size = size_of(image);
    size_t pixels = (size_t)(size.height * size.width);
    const float *values = floats_of(image);
    unsigned char *bytes = allocate(3 * pixels, 1);
    for (size_t pixel = 0; pixel < pixels; pixel++)
        for (size_t channel = 0; channel < 3; channel++)
            bytes[3 * pixel + channel] = byte_of(values[channel * pixels + pixel]);

    FILE *file = fopen(path, "wb");
    if (!file) fail("cannot write '%s': %s", path, strerror(errno));
    fprintf(file, "P6\n%lld %lld\n%d\n", (long long)size.width, (long long)size.height, WHITE);
    size_t written = fwrite(bytes, 3, pixels, file);
    if (fclose(file) != 0 || written != pixels) fail("cannot write '%s': %s", path, strerror(errno));
    free(bytes);
}
