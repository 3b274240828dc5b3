/* sink.h tells what this is: the kinds of sinks, and what is the same for all of them. */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

#define LONGEST_ATTRIBUTES 4096
#define MODE_OF_LOGS 0640 /* as containerd and Docker have it */
#define MODE_OF_FILES 0644

struct sink *sink_add(struct process *process, enum wire_sink_number kind, int64_t streams)
{
	struct sink *sink = calloc(1, sizeof *sink);
	if (!sink)
		return NULL;
	*sink = (struct sink){
		.next = process->sinks, .process = process, .kind = kind, .streams = streams,
		.raw = {.watch.descriptor = -1, .reader = -1, .notify.descriptor = -1}, .file.descriptor = -1,
	};
	process->sinks = sink;
	return sink;
}

static int open_log(struct sink *sink, const struct wire_sink *asked)
{
	struct log_file *file = &sink->file;
	if (asked->max_bytes < 0 || asked->max_files < 0 || (asked->max_bytes && asked->kind == SINK_FILE) ||
	    strlen(asked->attributes) > LONGEST_ATTRIBUTES) {
		errno = EINVAL;
		return -1;
	}
	file->path = strdup(asked->path);
	sink->attributes = strdup(asked->attributes);
	if (!file->path || !sink->attributes)
		return -1;
	file->max_bytes = (uint64_t)asked->max_bytes;
	file->max_files = asked->max_files;
	file->mode = asked->kind == SINK_FILE ? MODE_OF_FILES : MODE_OF_LOGS;
	return log_file_open(file);
}

int sink_open(struct process *process, const struct wire_sink *asked, int given)
{
	struct sink *sink;
	if (asked->kind == SINK_BINARY || asked->kind == SINK_BINARY_V2)
		return logger_start(process, asked);
	if (asked->kind < SINK_FIFO || asked->kind > SINK_DESCRIPTOR ||
	    (asked->kind == SINK_DESCRIPTOR ? given < 0 : *asked->path != '/')) {
		errno = EINVAL;
		return -1;
	}
	sink = sink_add(process, (enum wire_sink_number)asked->kind, asked->streams);
	if (!sink)
		return -1;
	if (asked->kind == SINK_FIFO)
		return raw_open(sink, asked->path);
	if (asked->kind == SINK_DESCRIPTOR)
		return raw_adopt(sink, given);
	return open_log(sink, asked);
}

bool sink_wants(const struct sink *sink, int number)
{
	return sink->streams & (number == 0 ? STREAM_STDOUT : STREAM_STDERR);
}

void sink_lost(struct sink *sink, size_t bytes)
{
	sink->process->lost += bytes;
}

size_t sink_take(struct sink *sink, int number, const char *data, size_t length)
{
	if (sink_is_raw(sink))
		return raw_write(sink, data, length);
	if (sink->kind == SINK_FILE)
		sink_lost(sink, length - log_file_append(sink, data, length));
	else
		lines_take(sink, number, data, length);
	return length;
}

/* Whether all of its outputs have ended. */
static bool is_finished(const struct sink *sink)
{
	return (sink->sides[0].finished || !sink_wants(sink, 0)) && (sink->sides[1].finished || !sink_wants(sink, 1));
}

void sink_finish(struct sink *sink, int number)
{
	if (sink->kind == SINK_CRI || sink->kind == SINK_JSON_FILE)
		lines_finish(sink, number);
	sink->sides[number].finished = true;
	if (!is_finished(sink))
		return;
	if (sink_is_raw(sink))
		raw_finish(sink);
	else
		log_file_close(&sink->file);
}

bool sink_is_done(const struct sink *sink)
{
	return is_finished(sink) && sink->raw.watch.descriptor < 0;
}

void sink_free(struct sink *sink)
{
	raw_close(&sink->raw);
	log_file_close(&sink->file);
	free(sink->file.path);
	free(sink->attributes);
	free(sink->sides[0].line);
	free(sink->sides[1].line);
	free(sink);
}
