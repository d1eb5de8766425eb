#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "sha256.h"

enum { SCHEMA_VERSION = 4, MOST_GRAPHS = 16 };

typedef struct {
    char *name;
    OrtSession *session;
    size_t input_count, output_count;
    char **inputs, **outputs;
} Graph;

struct Folder {
    char *path;
    cJSON *manifest;
    OrtEnv *environment;
    OrtSessionOptions *options;
    Graph graphs[MOST_GRAPHS];
    size_t graph_count;
};

const cJSON *json_entry(const cJSON *object, const char *key) {
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!entry) fail("the manifest is damaged: it has no entry '%s'", key);
    return entry;
}

double json_number(const cJSON *object, const char *key) {
    const cJSON *entry = json_entry(object, key);
    if (!cJSON_IsNumber(entry)) fail("the manifest is damaged: '%s' is no number", key);
    return entry->valuedouble;
}

static const char *json_text(const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(json_entry(object, key));
    if (!text) fail("the manifest is damaged: '%s' is no text", key);
    return text;
}

/* The text of a file, or NULL where there is none. */
static char *text_of_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    size_t capacity = 1 << 16, length = 0, got;
    char *text = allocate(capacity, 1);
    while ((got = fread(text + length, 1, capacity - length - 1, file)) > 0) {
        length += got;
        if (length + 1 == capacity) {
            char *larger = allocate(2 * capacity, 1);
            memcpy(larger, text, length);
            free(text);
            text = larger;
            capacity *= 2;
        }
    }
    bool whole = !ferror(file);
    fclose(file);
    if (whole) return text;
    free(text);
    return NULL;
}

static cJSON *read_manifest(const char *folder) {
    char *path = printed("%s/manifest.json", folder);
    char *text = text_of_file(path);
    if (!text) fail("'%s' is not an exported folder: no manifest.json", folder);
    cJSON *manifest = cJSON_Parse(text);
    if (!manifest) fail("'%s' is not JSON", path);
    free(text);
    free(path);
    return manifest;
}

static void check_files(const char *folder, const cJSON *files) {
    const cJSON *entry;
    cJSON_ArrayForEach(entry, files) {
        char digest[SHA256_DIGITS + 1];
        char *path = printed("%s/%s", folder, entry->string);
        if (!sha256_of_file(path, digest)) fail("'%s' is missing; export the folder again", path);
        if (strcmp(digest, json_text(entry, "sha256")) != 0)
            fail("'%s' was altered: its SHA-256 is not the manifest's", path);
        free(path);
    }
}

static void check_manifest(const char *folder, const cJSON *manifest) {
    double version = json_number(manifest, "schema_version");
    if (version != SCHEMA_VERSION)
        fail("'%s' is of schema version %g, not %d", folder, version, SCHEMA_VERSION);
    if (cJSON_IsNull(json_entry(manifest, "recipe")))
        fail("'%s' is for style transfer: it holds no recipe for a texture", folder);
    check_files(folder, json_entry(manifest, "files"));
}

Folder *folder_open(const char *path) {
    Folder *folder = allocate(1, sizeof *folder);
    folder->path = printed("%s", path);
    folder->manifest = read_manifest(path);
    check_manifest(path, folder->manifest);
    const char *what = "ONNX Runtime does not start";
    check(ort->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "synthesise", &folder->environment), what);
    check(ort->CreateSessionOptions(&folder->options), what);
    check(ort->DisableMemPattern(folder->options), what); /* sizes change from scale to scale */
    return folder;
}

static void free_names(char **names, size_t count) {
    for (size_t k = 0; k < count; k++) free(names[k]);
    free(names);
}

void folder_close(Folder *folder) {
    for (size_t k = 0; k < folder->graph_count; k++) {
        Graph *graph = &folder->graphs[k];
        free_names(graph->inputs, graph->input_count);
        free_names(graph->outputs, graph->output_count);
        ort->ReleaseSession(graph->session);
        free(graph->name);
    }
    ort->ReleaseSessionOptions(folder->options);
    ort->ReleaseEnv(folder->environment);
    cJSON_Delete(folder->manifest);
    free(folder->path);
    free(folder);
}

const cJSON *folder_manifest(const Folder *folder) {
    return folder->manifest;
}

bool folder_has(const Folder *folder, const char *graph) {
    return cJSON_HasObjectItem(json_entry(folder->manifest, "graphs"), graph);
}

typedef OrtStatus *(*NameOf)(const OrtSession *, size_t, OrtAllocator *, char **);

static char **names_of(const OrtSession *session, size_t count, NameOf name_of) {
    OrtAllocator *allocator;
    check(ort->GetAllocatorWithDefaultOptions(&allocator), "no memory for names");
    char **names = allocate(count, sizeof *names);
    for (size_t k = 0; k < count; k++) {
        char *name;
        check(name_of(session, k, allocator, &name), "a value without a name");
        names[k] = printed("%s", name);
        check(ort->AllocatorFree(allocator, name), "a name cannot be freed");
    }
    return names;
}

static void load(Folder *folder, Graph *graph, const char *name) {
    const cJSON *entry = json_entry(json_entry(folder->manifest, "graphs"), name);
    char *path = printed("%s/%s", folder->path, json_text(entry, "file"));
    char *what = printed("ONNX Runtime %s cannot load '%s'",
                         OrtGetApiBase()->GetVersionString(), path);
    OrtSession *session;
    check(ort->CreateSession(folder->environment, path, folder->options, &session), what);
    graph->name = printed("%s", name);
    graph->session = session;
    check(ort->SessionGetInputCount(session, &graph->input_count), what);
    check(ort->SessionGetOutputCount(session, &graph->output_count), what);
    graph->inputs = names_of(session, graph->input_count, ort->SessionGetInputName);
    graph->outputs = names_of(session, graph->output_count, ort->SessionGetOutputName);
    free(what);
    free(path);
}

static const Graph *loaded(Folder *folder, const char *name) {
    for (size_t k = 0; k < folder->graph_count; k++)
        if (strcmp(folder->graphs[k].name, name) == 0) return &folder->graphs[k];
    if (folder->graph_count == MOST_GRAPHS) fail("more than %d graphs are in use", MOST_GRAPHS);
    Graph *graph = &folder->graphs[folder->graph_count++];
    load(folder, graph, name);
    return graph;
}

static const OrtValue *first_named(const Values *const *groups, const char *name) {
    for (; *groups; groups++) {
        const OrtValue *tensor = values_get(*groups, name);
        if (tensor) return tensor;
    }
    fail("nothing is there for the input '%s'", name);
}

Values folder_run(Folder *folder, const char *name, const Values *const *groups) {
    const Graph *graph = loaded(folder, name);
    const OrtValue **inputs = allocate(graph->input_count, sizeof(OrtValue *));
    OrtValue **outputs = allocate(graph->output_count, sizeof *outputs);
    for (size_t k = 0; k < graph->input_count; k++)
        inputs[k] = first_named(groups, graph->inputs[k]);
    check(ort->Run(graph->session, NULL, (const char *const *)graph->inputs, inputs,
                   graph->input_count, (const char *const *)graph->outputs, graph->output_count,
                   outputs),
          name);
    Values results = {0};
    for (size_t k = 0; k < graph->output_count; k++)
        values_put(&results, graph->outputs[k], outputs[k]);
    free(inputs);
    free(outputs);
    return results;
}

OrtValue *folder_run_for(Folder *folder, const char *name, const Values *const *groups,
                         const char *output) {
    Values results = folder_run(folder, name, groups);
    OrtValue *tensor = values_take(&results, output);
    values_clear(&results);
    return tensor;
}
