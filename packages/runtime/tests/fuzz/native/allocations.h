/* The core allocates a plan for good; a fuzzer decodes millions. So its calloc becomes one that remembers: this header is
 * put in front of every file (-include). */
#ifndef TIFFIN_ALLOCATIONS_H
#define TIFFIN_ALLOCATIONS_H

#include <stdlib.h>

void *remembered_calloc(size_t count, size_t size);
void free_remembered(void);

#define calloc remembered_calloc

#endif
