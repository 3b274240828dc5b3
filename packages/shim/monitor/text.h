/* Text in a buffer of a known size, without stdio, which alone would cost as much memory as the rest of the monitor. */
#ifndef TIFFIN_MONITOR_TEXT_H
#define TIFFIN_MONITOR_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct text {
	char *bytes;
	size_t length, room; /* what does not fit is left out */
};

void add_bytes(struct text *text, const char *bytes, size_t length);
void add_text(struct text *text, const char *word);
void add_number(struct text *text, uint64_t number, unsigned width); /* with zeros before it up to the width */
void add_time(struct text *text, const struct timespec *time);       /* RFC 3339 in UTC with nine digits of the second */
const char *text_end(struct text *text);                             /* adds the NUL; the whole text */

/* A number at the start of a text, as the kernel and pid files write them; -1: there is none. */
int64_t number_in(const char *text);

#endif
