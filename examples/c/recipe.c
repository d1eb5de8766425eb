#define _POSIX_C_SOURCE 200809L

#include "recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"

enum { MOST_SCALES = 32 };

typedef struct {
    int64_t factor, steps;
    double learning_rate;
} Scale;

typedef struct {
    Folder *folder;
    const cJSON *recipe;
    Values seed;
    Values state;    /* of the optimiser: the image, and what it knows of it */
    Values learning; /* of discriminators: parameters, their moments, the number of the step */
} Run;

static int64_t least_of(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t shorter_side(Size size) {
    return least_of(size.height, size.width);
}

static OrtValue *as_vector(Size size) {
    return integers((int64_t[]){size.height, size.width}, 2);
}

static Size shrunk(Size size, int64_t factor) {
    return (Size){most_of(1, size.height / factor), most_of(1, size.width / factor)};
}

/* The sides in proportion, the shorter one of `side` pixels. */
static Size scaled_sides(Size size, int64_t side) {
    int64_t shorter = shorter_side(size);
    return (Size){(2 * size.height * side + shorter) / (2 * shorter),
                  (2 * size.width * side + shorter) / (2 * shorter)};
}

/* Takes the image. */
static OrtValue *resized(Folder *folder, OrtValue *image, Size size) {
    Values given = {0};
    values_put(&given, "image", image);
    values_put(&given, "size", as_vector(size));
    OrtValue *result =
        folder_run_for(folder, "resize", (const Values *[]){&given, NULL}, "resized");
    values_clear(&given);
    return result;
}

static void check_size(const char *what, Size size, int64_t least) {
    if (shorter_side(size) < least)
        fail("the %s has %lldx%lld pixels, and this folder needs %lldx%lld", what,
             (long long)size.width, (long long)size.height, (long long)least, (long long)least);
}

static Size output_size(const cJSON *manifest, Size chosen, Size exemplar) {
    const cJSON *entry = json_entry(manifest, "size");
    if (cJSON_IsNull(entry)) return chosen.height ? chosen : exemplar;
    Size fixed = {(int64_t)json_number(entry, "height"), (int64_t)json_number(entry, "width")};
    if (chosen.height && (chosen.height != fixed.height || chosen.width != fixed.width))
        fail("this folder makes %lldx%lld pixels alone", (long long)fixed.width,
             (long long)fixed.height);
    return fixed;
}

/* Where a recipe has none of these, it needs none. */
static double number_or_zero(const cJSON *object, const char *key) {
    return cJSON_IsNull(json_entry(object, key)) ? 0 : json_number(object, key);
}

static const char *text_of(const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(json_entry(object, key));
    if (!text) fail("the manifest is damaged: '%s' is no text", key);
    return text;
}

/* Fills in the scales from fine to coarse, and returns how many there are. */
static size_t used_scales(const cJSON *manifest, int64_t shortest, const Options *options,
                          Scale scales[MOST_SCALES]) {
    const cJSON *recipe = json_entry(manifest, "recipe"), *entry;
    int64_t least = most_of((int64_t)json_number(recipe, "coarsest_side"),
                            (int64_t)json_number(manifest, "minimum_size"));
    size_t count = 0;
    cJSON_ArrayForEach(entry, json_entry(recipe, "scales")) {
        int64_t factor = (int64_t)json_number(entry, "factor");
        if ((factor == 1 || shortest / factor >= least) && count < MOST_SCALES)
            scales[count++] = (Scale){factor, (int64_t)json_number(entry, "steps"),
                                      number_or_zero(entry, "learning_rate")};
    }
    if (count == 0) fail("the manifest is damaged: its recipe has no scale of factor 1");
    Scale *coarsest = &scales[count - 1];
    coarsest->steps = most_of(coarsest->steps,
                              (int64_t)json_number(recipe, "least_steps_at_the_coarsest"));
    if (options->step_counts > 1 && options->step_counts != count)
        fail("--steps takes one number or %zu, one for each scale, not %zu", count,
             options->step_counts);
    for (size_t k = 0; options->step_counts && k < count; k++)
        scales[k].steps = options->steps[options->step_counts == 1 ? 0 : count - 1 - k];
    return count;
}

/* Runs a step graph; moves `state` to what follows it, and returns the other outputs. */
static Values advance(Run *run, const char *graph, Values *state, const Values *const *groups) {
    Values outputs = folder_run(run->folder, graph, groups);
    for (size_t k = 0; k < state->count; k++) {
        char *next = printed("next_%s", state->entries[k].name);
        values_put(state, state->entries[k].name, values_take(&outputs, next));
        free(next);
    }
    return outputs;
}

/* Makes the optimiser's state before so many steps from `image`, which it takes. */
static void start(Run *run, OrtValue *image, const Values *goal, int64_t steps) {
    static const char NEXT[] = "next_";
    Values given = {0};
    values_put(&given, "image", image);
    values_put(&given, "steps", integers(&steps, 1));
    const Values *groups[] = {&given, goal, NULL};
    Values outputs = folder_run(run->folder, text_of(run->recipe, "start_graph"), groups);
    values_clear(&run->state);
    for (size_t k = 0; k < outputs.count; k++) {
        const char *name = outputs.entries[k].name;
        values_put(&run->state, name + strlen(NEXT), values_take(&outputs, name));
    }
    values_clear(&outputs);
    values_clear(&given);
}

/* Takes the result so far out of the state. */
static OrtValue *result_of(Run *run) {
    return values_take(&run->state, text_of(run->recipe, "result"));
}

/* Sets the moments of every parameter of the discriminators to zero. */
static void restart_discriminators(Run *run) {
    Values *learning = &run->learning;
    size_t count = learning->count;
    for (size_t k = 0; k < count; k++) {
        const char *name = learning->entries[k].name;
        if (strchr(name, '.') == NULL || strstr(name, "_moment.")) continue;
        char *first = printed("first_moment.%s", name);
        char *second = printed("second_moment.%s", name);
        const OrtValue *parameter = learning->entries[k].tensor;
        values_put(learning, first, zeros_like(parameter));
        values_put(learning, second, zeros_like(parameter));
        free(first);
        free(second);
    }
    values_put(learning, "step", number(1));
}

static void train_discriminators(Run *run, const Values *held) {
    const cJSON *rival = json_entry(run->recipe, "discriminators");
    if (cJSON_IsNull(rival)) return;
    Values rate = {0};
    values_put(&rate, "learning_rate", number((float)json_number(rival, "learning_rate")));
    const Values *groups[] = {&run->learning, &run->state, held, &rate, NULL};
    int64_t steps = (int64_t)json_number(rival, "steps");
    for (int64_t k = 0; k < steps; k++) {
        Values outputs = advance(run, "discriminator_step", &run->learning, groups);
        values_clear(&outputs);
    }
    values_clear(&rate);
}

/* The learning rate: even, then down half a cosine. */
static double falling_rate(const Run *run, const Scale *scale, int64_t step) {
    double from = number_or_zero(run->recipe, "learning_rate_falls_from");
    double done = (double)step / (double)scale->steps;
    double fallen = fmax(0, (done - from) / (1 - from));
    return scale->learning_rate * (1 + cos(acos(-1) * fallen)) / 2;
}

static double move_image(Run *run, const Values *held, const Values *drawn, double learning_rate) {
    Values rate = {0};
    values_put(&rate, "learning_rate", number((float)learning_rate));
    const Values *groups[] = {&run->state, held, drawn, &run->learning, &rate, NULL};
    Values outputs = advance(run, text_of(run->recipe, "step_graph"), &run->state, groups);
    OrtValue *loss = values_take(&outputs, "loss");
    double result = *floats_of(loss);
    ort->ReleaseValue(loss);
    values_clear(&outputs);
    values_clear(&rate);
    return result;
}

/* Draws the directions that swd looks along. */
static Values directions(Run *run, int64_t draw) {
    Values drawing = {0};
    values_put(&drawing, "draw", integers(&draw, 1));
    const Values *groups[] = {&run->seed, &drawing, NULL};
    Values drawn = folder_run(run->folder, "directions", groups);
    values_clear(&drawing);
    return drawn;
}

static double now(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) fail("there is no clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static cJSON *record_of(cJSON *history, Size size) {
    cJSON *record = cJSON_CreateObject();
    if (!record || !cJSON_AddItemToArray(history, record) ||
        !cJSON_AddNumberToObject(record, "height", (double)size.height) ||
        !cJSON_AddNumberToObject(record, "width", (double)size.width) ||
        !cJSON_AddArrayToObject(record, "losses") || !cJSON_AddArrayToObject(record, "seconds"))
        fail("no memory for the history");
    return record;
}

static void append_number(cJSON *record, const char *key, double value) {
    cJSON *array = cJSON_GetObjectItem(record, key), *entry = cJSON_CreateNumber(value);
    if (!entry || !cJSON_AddItemToArray(array, entry)) fail("no memory for the history");
}

/* Takes the image, and returns another. */
static OrtValue *optimise(Run *run, OrtValue *image, const Scale *scale, const Values *goal,
                          cJSON *record) {
    bool draws = !cJSON_IsNull(json_entry(run->recipe, "draw_every"));
    int64_t every = draws ? (int64_t)json_number(run->recipe, "draw_every") : scale->steps;
    int64_t anew = (int64_t)number_or_zero(run->recipe, "start_every");
    if (!anew) anew = scale->steps;
    Values held = {0}, drawn = {0};
    for (int64_t step = 0; step < scale->steps; step++) {
        double began = now();
        if (step % anew == 0)
            start(run, step ? result_of(run) : image, goal, least_of(anew, scale->steps - step));
        if (step % every == 0) {
            values_clear(&held);
            values_clear(&drawn);
            if (draws) drawn = directions(run, 1 + step / every);
            held = folder_run(run->folder, "targets", (const Values *[]){goal, &drawn, NULL});
        }
        train_discriminators(run, &held);
        double loss = move_image(run, &held, &drawn, falling_rate(run, scale, step));
        if (!isfinite(loss))
            fail("the loss is %g at step %lld of %lld", loss, (long long)step + 1,
                 (long long)scale->steps);
        append_number(record, "losses", loss);
        append_number(record, "seconds", now() - began);
    }
    values_clear(&held);
    values_clear(&drawn);
    return result_of(run);
}

static void report(const cJSON *record) {
    const cJSON *losses = cJSON_GetObjectItem(record, "losses");
    int steps = cJSON_GetArraySize(losses);
    printf("%gx%g: %d steps, loss %.4g to %.4g\n", json_number(record, "width"),
           json_number(record, "height"), steps, cJSON_GetArrayItem(losses, 0)->valuedouble,
           cJSON_GetArrayItem(losses, steps - 1)->valuedouble);
    fflush(stdout);
}

/* The image where a scale starts: noise, or the coarser one, which it takes, with detail. */
static OrtValue *first_of_scale(Run *run, const Values *goal, OrtValue *image, Size coarser) {
    if (!image)
        return folder_run_for(run->folder, "first_image",
                              (const Values *[]){goal, &run->seed, NULL}, "first_image");
    Values before = {0};
    values_put(&before, "coarser_exemplar_size", as_vector(coarser));
    values_put(&before, "image", image);
    const Values *groups[] = {goal, &run->seed, &before, NULL};
    OrtValue *finer = folder_run_for(run->folder, "finer_image", groups, "finer_image");
    values_clear(&before);
    return finer;
}

/* Whether an image has no colour: all its channels are alike. */
static bool is_grey(OrtValue *image) {
    const float *values = floats_of(image);
    size_t pixels = count_of(image) / 3;
    for (size_t k = 0; k < 2 * pixels; k++)
        if (values[pixels + k] != values[k % pixels]) return false;
    return true;
}

/* Puts the mean of an image's channels into each of them. */
static void make_grey(OrtValue *image) {
    float *values = floats_of(image);
    size_t pixels = count_of(image) / 3;
    for (size_t k = 0; k < pixels; k++) {
        float mean = (values[k] + values[pixels + k] + values[2 * pixels + k]) / 3;
        values[k] = values[pixels + k] = values[2 * pixels + k] = mean;
    }
}

static OrtValue *copy_of(OrtValue *image) {
    OrtValue *copy = zeros_like(image);
    memcpy(floats_of(copy), floats_of(image), count_of(image) * sizeof(float));
    return copy;
}

OrtValue *synthesise(Folder *folder, OrtValue *picture, const Options *options, cJSON *history) {
    const cJSON *manifest = folder_manifest(folder);
    Run run = {.folder = folder, .recipe = json_entry(manifest, "recipe")};
    int64_t seed =
        options->seed < 0 ? (int64_t)json_number(run.recipe, "seed") : options->seed;
    values_put(&run.seed, "seed", integers(&seed, 1));
    int64_t side = options->exemplar_size ? options->exemplar_size
                                          : (int64_t)json_number(run.recipe, "exemplar_size");
    bool grey = is_grey(picture);
    OrtValue *finest = resized(folder, picture, scaled_sides(size_of(picture), side));
    Size exemplar_size = size_of(finest);
    Size output = output_size(manifest, options->size, exemplar_size);
    int64_t least = (int64_t)json_number(manifest, "minimum_size");
    check_size("exemplar", exemplar_size, least);
    check_size("output", output, least);
    if (folder_has(folder, "discriminators"))
        run.learning =
            folder_run(folder, "discriminators", (const Values *[]){&run.seed, NULL});

    Scale scales[MOST_SCALES];
    int64_t shortest = least_of(shorter_side(exemplar_size), shorter_side(output));
    size_t count = used_scales(manifest, shortest, options, scales);
    Size coarser = {0, 0};
    OrtValue *image = NULL;
    while (count-- > 0) {
        const Scale *scale = &scales[count];
        Size looked_at = shrunk(exemplar_size, scale->factor);
        Size size = shrunk(output, scale->factor);
        Values goal = {0};
        values_put(&goal, "exemplar", resized(folder, copy_of(finest), looked_at));
        values_put(&goal, "output_size", as_vector(size));
        image = first_of_scale(&run, &goal, image, coarser);
        if (run.learning.count) restart_discriminators(&run);
        cJSON *record = record_of(history, size);
        image = optimise(&run, image, scale, &goal, record);
        if (grey) make_grey(image); /* the channels have moved apart */
        report(record);
        values_clear(&goal);
        coarser = looked_at;
    }
    ort->ReleaseValue(finest);
    values_clear(&run.state);
    values_clear(&run.learning);
    values_clear(&run.seed);
    return image;
}
