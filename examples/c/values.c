#define _POSIX_C_SOURCE 200809L

#include "values.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

enum { LARGEST_RANK = 8 };

const OrtApi *ort;

void start_runtime(void) {
    /* Without it, builds of ONNX Runtime for Linux report home since 1.29. */
    if (setenv("ORT_DISABLE_TELEMETRY", "1", 0) != 0) fail("no memory for the environment");
    ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (!ort)
        fail("the ONNX Runtime here is %s, older than the header that this was built with (1.%d)",
             OrtGetApiBase()->GetVersionString(), ORT_API_VERSION);
}

void check(OrtStatus *status, const char *what) {
    if (!status) return;
    const char *message = ort->GetErrorMessage(status);
    fail("%s: %.*s", what, (int)strcspn(message, "\n"), message);
}

static NamedValue *find(const Values *values, const char *name) {
    for (size_t k = 0; k < values->count; k++)
        if (strcmp(values->entries[k].name, name) == 0) return &values->entries[k];
    return NULL;
}

static NamedValue *append(Values *values, const char *name) {
    if (values->count == values->capacity) {
        values->capacity = values->capacity ? 2 * values->capacity : 16;
        NamedValue *larger = allocate(values->capacity, sizeof *larger);
        if (values->count) memcpy(larger, values->entries, values->count * sizeof *larger);
        free(values->entries);
        values->entries = larger;
    }
    NamedValue *entry = &values->entries[values->count++];
    *entry = (NamedValue){.name = printed("%s", name)};
    return entry;
}

void values_put(Values *values, const char *name, OrtValue *tensor) {
    NamedValue *entry = find(values, name);
    if (!entry) entry = append(values, name);
    if (entry->tensor) ort->ReleaseValue(entry->tensor);
    entry->tensor = tensor;
}

OrtValue *values_get(const Values *values, const char *name) {
    const NamedValue *entry = find(values, name);
    return entry ? entry->tensor : NULL;
}

OrtValue *values_take(Values *values, const char *name) {
    NamedValue *entry = find(values, name);
    if (!entry || !entry->tensor) fail("a graph gives no '%s'", name);
    OrtValue *tensor = entry->tensor;
    entry->tensor = NULL;
    return tensor;
}

void values_clear(Values *values) {
    for (size_t k = 0; k < values->count; k++) {
        if (values->entries[k].tensor) ort->ReleaseValue(values->entries[k].tensor);
        free(values->entries[k].name);
    }
    free(values->entries);
    *values = (Values){0};
}

static OrtValue *new_tensor(const int64_t *shape, size_t rank, ONNXTensorElementDataType type) {
    OrtAllocator *allocator;
    OrtValue *tensor;
    check(ort->GetAllocatorWithDefaultOptions(&allocator), "no memory for tensors");
    check(ort->CreateTensorAsOrtValue(allocator, shape, rank, type, &tensor), "no tensor");
    return tensor;
}

static void *data_of(OrtValue *tensor) {
    void *data;
    check(ort->GetTensorMutableData(tensor, &data), "a tensor without data");
    return data;
}

OrtValue *integers(const int64_t *numbers, size_t count) {
    int64_t shape[] = {(int64_t)count};
    OrtValue *tensor = new_tensor(shape, 1, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
    memcpy(data_of(tensor), numbers, count * sizeof *numbers);
    return tensor;
}

OrtValue *number(float value) {
    OrtValue *tensor = zeros((int64_t[]){1}, 1);
    *floats_of(tensor) = value;
    return tensor;
}

OrtValue *zeros(const int64_t *shape, size_t rank) {
    OrtValue *tensor = new_tensor(shape, rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
    memset(data_of(tensor), 0, count_of(tensor) * sizeof(float));
    return tensor;
}

static size_t shape_of(const OrtValue *tensor, int64_t shape[LARGEST_RANK]) {
    OrtTensorTypeAndShapeInfo *information;
    size_t rank;
    check(ort->GetTensorTypeAndShape(tensor, &information), "a tensor without a shape");
    check(ort->GetDimensionsCount(information, &rank), "a tensor without a shape");
    if (rank > LARGEST_RANK) fail("a tensor has %zu dimensions", rank);
    check(ort->GetDimensions(information, shape, rank), "a tensor without a shape");
    ort->ReleaseTensorTypeAndShapeInfo(information);
    return rank;
}

OrtValue *zeros_like(const OrtValue *tensor) {
    int64_t shape[LARGEST_RANK];
    size_t rank = shape_of(tensor, shape);
    return zeros(shape, rank);
}

float *floats_of(OrtValue *tensor) {
    return data_of(tensor);
}

size_t count_of(const OrtValue *tensor) {
    int64_t shape[LARGEST_RANK];
    size_t rank = shape_of(tensor, shape), count = 1;
    for (size_t k = 0; k < rank; k++) count *= (size_t)shape[k];
    return count;
}

Size size_of(const OrtValue *image) {
    int64_t shape[LARGEST_RANK];
    size_t rank = shape_of(image, shape);
    if (rank != 4) fail("an image has %zu dimensions, not 4", rank);
    return (Size){shape[2], shape[3]};
}
