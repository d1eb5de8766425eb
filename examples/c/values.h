/* Tensors by name: what goes into a graph, and what comes out of it. */
#ifndef VALUES_H
#define VALUES_H

#include <onnxruntime_c_api.h>
#include <stddef.h>
#include <stdint.h>

/* ONNX Runtime's functions. */
extern const OrtApi *ort;

void start_runtime(void);

/* Ends the program with ONNX Runtime's message if a call failed; `what` says what was tried. */
void check(OrtStatus *status, const char *what);

typedef struct {
    char *name;
    OrtValue *tensor;
} NamedValue;

/* Owns its tensors. Zeroed memory is an empty one. */
typedef struct {
    NamedValue *entries;
    size_t count, capacity;
} Values;

/* Puts a tensor under a name, in place of what is there. */
void values_put(Values *values, const char *name, OrtValue *tensor);

/* Returns the tensor of a name, or NULL. */
OrtValue *values_get(const Values *values, const char *name);

/* Takes the tensor of a name out, for the caller to own; it is an error if there is none. */
OrtValue *values_take(Values *values, const char *name);

void values_clear(Values *values);

/* A vector of whole numbers. */
OrtValue *integers(const int64_t *numbers, size_t count);

/* A vector of one number. */
OrtValue *number(float value);

OrtValue *zeros(const int64_t *shape, size_t rank);
OrtValue *zeros_like(const OrtValue *tensor);

/* The numbers of a tensor of float32, and how many there are. */
float *floats_of(OrtValue *tensor);
size_t count_of(const OrtValue *tensor);

typedef struct {
    int64_t height, width;
} Size;

/* Height and width of an image [1, 3, H, W]. */
Size size_of(const OrtValue *image);

#endif
