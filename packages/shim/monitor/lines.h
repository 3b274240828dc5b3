/* The two log formats whose records are lines: what splits the output, and what writes a record. */
#ifndef TIFFIN_MONITOR_LINES_H
#define TIFFIN_MONITOR_LINES_H

#include <stdbool.h>

#include "sink.h"
#include "text.h"

#define LONGEST_LINE 16384 /* longer ones are split, as containerd and Docker do */

/* formats.c: adds one record. `whole`: the line's end is here. */
void add_record(struct text *out, const struct sink *sink, int number, const char *line, size_t length, bool whole);

/* formats.c: where to cut a line, at most at `length`, which is more than 3; JSON must not cut a character. */
size_t cut_of(const struct sink *sink, const char *line, size_t length, char next);

#endif
