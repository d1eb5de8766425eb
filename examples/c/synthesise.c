/* synthesise FOLDER EXEMPLAR.ppm OUT.ppm [--size WxH] [--seed N] [--steps N[,N...]]

   Makes more of a texture from a folder that `texonnx export` wrote. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "folder.h"
#include "picture.h"
#include "recipe.h"

enum { LARGEST_NUMBER = 1 << 30 };

static const char USAGE[] =
    "synthesise FOLDER EXEMPLAR.ppm OUT.ppm [--size WxH] [--seed N] [--steps N[,N...]] "
    "[--exemplar-size N] [--losses FILE]";

typedef struct {
    const char *places[3];
    const char *losses;
    Options options;
} Command;

/* Reads a whole number up to one of `ends`; moves `text` behind it. */
static int64_t whole_number(const char *option, const char **text, int64_t least,
                            const char *ends) {
    const char *start = *text;
    char *end;
    errno = 0;
    long long value = strtoll(start, &end, 10);
    if (end == start || errno || value < least || value > LARGEST_NUMBER ||
        (*end && !strchr(ends, *end)))
        fail("%s takes whole numbers from %lld, not '%s'", option, (long long)least, start);
    *text = *end ? end + 1 : end;
    return value;
}

static Size parse_size(const char *text) {
    bool square = !strpbrk(text, "xX");
    Size size = {0, whole_number("--size", &text, 1, "xX")};
    size.height = square ? size.width : whole_number("--size", &text, 1, "");
    return size;
}

static void parse_steps(const char *text, Options *options) {
    free(options->steps);
    options->steps = allocate(strlen(text) + 1, sizeof *options->steps);
    options->step_counts = 0;
    do
        options->steps[options->step_counts++] = whole_number("--steps", &text, 1, ",");
    while (*text);
}

static void parse_option(const char *name, const char *value, Command *command) {
    Options *options = &command->options;
    if (!value) fail("%s wants a value; usage: %s", name, USAGE);
    if (strcmp(name, "--size") == 0)
        options->size = parse_size(value);
    else if (strcmp(name, "--seed") == 0)
        options->seed = whole_number(name, &value, 0, "");
    else if (strcmp(name, "--steps") == 0)
        parse_steps(value, options);
    else if (strcmp(name, "--exemplar-size") == 0)
        options->exemplar_size = whole_number(name, &value, 1, "");
    else if (strcmp(name, "--losses") == 0)
        command->losses = value;
    else
        fail("there is no option '%s'; usage: %s", name, USAGE);
}

static Command parse(int count, char **words) {
    Command command = {.options.seed = -1};
    int places = 0;
    for (int k = 1; k < count; k++) {
        if (strncmp(words[k], "--", 2) == 0) {
            parse_option(words[k], words[k + 1], &command);
            k++;
        } else if (places < 3) {
            command.places[places++] = words[k];
        } else {
            fail("usage: %s", USAGE);
        }
    }
    if (places != 3) fail("usage: %s", USAGE);
    return command;
}

static void write_history(const char *path, const cJSON *history) {
    char *text = cJSON_PrintUnformatted(history);
    if (!text) fail("no memory for the history");
    FILE *file = fopen(path, "wb");
    if (!file) fail("cannot write '%s': %s", path, strerror(errno));
    int written = fputs(text, file);
    if (fclose(file) != 0 || written < 0) fail("cannot write '%s': %s", path, strerror(errno));
    cJSON_free(text);
}

int main(int count, char **words) {
    Command command = parse(count, words);
    start_runtime();
    Folder *folder = folder_open(command.places[0]);
    cJSON *history = cJSON_CreateArray();
    if (!history) fail("no memory for the history");
    OrtValue *picture = read_picture(command.places[1]);
    OrtValue *image = synthesise(folder, picture, &command.options, history);
    write_picture(command.places[2], image);
    if (command.losses) write_history(command.losses, history);
    ort->ReleaseValue(image);
    cJSON_Delete(history);
    folder_close(folder);
    free(command.options.steps);
    return 0;
}
