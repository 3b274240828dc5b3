/* Keeps the monitor small: a thousand of them wait most of the time. */
#ifndef TIFFIN_MONITOR_MEMORY_H
#define TIFFIN_MONITOR_MEMORY_H

#include <stddef.h>

/* Buffers for what is done at once and then needed no more lie in one mapping, which memory_open() makes; each topic takes its
 * own when it first needs it. NULL never comes: there is room for all of them. */
int memory_open(void);
void *scratch(size_t size);

/* Gives back what was touched: the buffers, whose content is lost, and pages of the program. Nothing is being done. */
void memory_trim(void);

#endif
