/* Splits output into lines, and has a record written for each; lines.h tells the limits. What a chunk's records take is
 * written at once. A line is held back until its end has come, or LONGEST_LINE, or the end of the output. */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FLUSH_FROM 16384
#define MOST_RECORDS 512 /* of 45 bytes at least */
#define LARGEST_RECORD (6 * LONGEST_LINE + 8192) /* each byte as \u00XX, and the attributes */

static struct text out = {.room = FLUSH_FROM + LARGEST_RECORD};

/* The records in `out`: where each ends, and how much output it stands for. */
static struct record {
	size_t end, payload;
} *records; /* MOST_RECORDS of them */
static size_t record_count;

/* What was written of a record that is not whole is taken back. */
static void lose(struct sink *sink, size_t written)
{
	size_t whole = 0, lost = 0;
	for (size_t i = 0; i < record_count; i++)
		if (records[i].end <= written)
			whole = records[i].end;
		else
			lost += records[i].payload;
	log_file_take_back(&sink->file, written - whole);
	sink_lost(sink, lost);
}

static void flush(struct sink *sink)
{
	size_t written = out.length ? log_file_append(sink, out.bytes, out.length) : 0;
	if (written < out.length)
		lose(sink, written);
	out.length = record_count = 0;
}

static void emit(struct sink *sink, int number, const char *line, size_t length, bool whole)
{
	size_t before = out.length, size;
	if (!out.bytes) {
		out.bytes = scratch(out.room);
		records = scratch(MOST_RECORDS * sizeof *records);
	}
	add_record(&out, sink, number, line, length, whole);
	size = out.length - before;
	if (log_file_is_over(&sink->file, before, size)) {
		out.length = before;
		flush(sink);
		if (log_file_is_over(&sink->file, 0, size))
			log_file_rotate(sink);
		memmove(out.bytes, out.bytes + before, size);
		out.length = size;
	}
	records[record_count++] = (struct record){out.length, length + whole};
	if (out.length >= FLUSH_FROM || record_count == MOST_RECORDS)
		flush(sink);
}

static void keep(struct sink *sink, int number, const char *data, size_t length)
{
	struct side *side = &sink->sides[number];
	if (!length)
		return;
	if (!side->line)
		side->line = malloc(LONGEST_LINE);
	if (!side->line) { /* no memory: rather cut the line than lose it */
		emit(sink, number, data, length, false);
		return;
	}
	memcpy(side->line + side->line_length, data, length);
	side->line_length += length;
}

/* The line is longer than may be: fills the buffer, and emits as much of it as may be cut off. Returns what was taken. */
static size_t split(struct sink *sink, int number, const char *data)
{
	struct side *side = &sink->sides[number];
	size_t room = LONGEST_LINE - side->line_length, cut;
	if (!side->line && !(side->line = malloc(LONGEST_LINE))) {
		emit(sink, number, data, LONGEST_LINE, false);
		return LONGEST_LINE;
	}
	memcpy(side->line + side->line_length, data, room);
	cut = cut_of(sink, side->line, LONGEST_LINE, data[room]);
	emit(sink, number, side->line, cut, false);
	side->line_length = LONGEST_LINE - cut;
	memmove(side->line, side->line + cut, side->line_length);
	return room;
}

static void end_line(struct sink *sink, int number, const char *data, size_t length)
{
	struct side *side = &sink->sides[number];
	if (side->line_length) {
		memcpy(side->line + side->line_length, data, length);
		data = side->line;
		length += side->line_length;
		side->line_length = 0;
	}
	emit(sink, number, data, length, true);
}

void lines_take(struct sink *sink, int number, const char *data, size_t length)
{
	struct side *side = &sink->sides[number];
	while (length) {
		const char *end = memchr(data, '\n', length);
		size_t part = end ? (size_t)(end - data) : length;
		if (side->line_length + part > LONGEST_LINE) {
			part = split(sink, number, data);
		} else if (end) {
			end_line(sink, number, data, part);
			part++;
		} else {
			keep(sink, number, data, part);
		}
		data += part;
		length -= part;
	}
	flush(sink);
	if (!side->line_length) {
		free(side->line);
		side->line = NULL;
	}
}

void lines_finish(struct sink *sink, int number)
{
	struct side *side = &sink->sides[number];
	if (side->line_length)
		emit(sink, number, side->line, side->line_length, false);
	side->line_length = 0;
	flush(sink);
	free(side->line);
	side->line = NULL;
}
