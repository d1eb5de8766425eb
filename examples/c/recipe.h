/* The run that the manifest's recipe describes: coarse to fine, the optimiser's steps at each. */
#ifndef RECIPE_H
#define RECIPE_H

#include "folder.h"

/* What a user may choose; zeros (and a seed below 0) leave it to the recipe. */
typedef struct {
    Size size;
    int64_t exemplar_size;
    int64_t seed;
    int64_t *steps; /* one number, or one for each scale, coarsest first */
    size_t step_counts;
} Options;

/* Returns an image with the texture of `picture`, which it takes; the caller owns the image.

   For each scale, `history` gets its height, width, losses and seconds. */
OrtValue *synthesise(Folder *folder, OrtValue *picture, const Options *options, cJSON *history);

#endif
