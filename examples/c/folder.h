/* An exported folder: its manifest, checked, and its graphs. */
#ifndef FOLDER_H
#define FOLDER_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "values.h"

typedef struct Folder Folder;

/* Reads the manifest, and checks every file that it lists. */
Folder *folder_open(const char *path);
void folder_close(Folder *folder);

const cJSON *folder_manifest(const Folder *folder);
bool folder_has(const Folder *folder, const char *graph);

/* Runs a graph; it is loaded the first time.

   Each of its inputs comes from the first of `groups` (which end with NULL) that has the name.
   The caller owns the outputs. */
Values folder_run(Folder *folder, const char *graph, const Values *const *groups);

/* The same; returns the output of that name alone. */
OrtValue *folder_run_for(Folder *folder, const char *graph, const Values *const *groups,
                         const char *output);

/* An entry of a JSON object; it is an error if it is missing, or no number. */
const cJSON *json_entry(const cJSON *object, const char *key);
double json_number(const cJSON *object, const char *key);

#endif
