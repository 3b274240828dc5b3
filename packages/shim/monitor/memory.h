/* Keeps the monitor small: a thousand of them wait most of the time. */
#ifndef TIFFIN_MONITOR_MEMORY_H
#define TIFFIN_MONITOR_MEMORY_H

#include <stddef.h>

/* Buffers for what is done at once and then needed no more live in one mapping: memory_open() makes it, and each topic takes
 * its own by scratch() in its opening function. NULL never comes: memory_open reserves enough, and aborts if it is too little. */
int memory_open(void);
void *scratch(size_t size);

/* Something rare has happened (a request, the end of a process): gives back, before the loop waits again, what it has touched:
 * the buffers, and pages of the program. */
void trim_soon(void);
void memory_trim_if_due(void);

#endif
