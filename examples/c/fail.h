/* The one way out of a failure: a sentence on standard error, and exit code 2. */
#ifndef FAIL_H
#define FAIL_H

#include <stddef.h>

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory, zeroed, or the end of the program. */
void *allocate(size_t count, size_t size);

/* A new string, printed as printf would. */
char *printed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
