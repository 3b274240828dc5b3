/* Where the output of a process goes. A sink takes bytes until it is full, and then has its outputs resumed when it is not;
 * what it cannot take for good (a full disk, a dead logger) it drops and counts, so that the container goes on. */
#ifndef TIFFIN_MONITOR_SINK_H
#define TIFFIN_MONITOR_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop.h"
#include "wire.h"

struct process;
struct sink;

/* raw_sink.c: bytes as they are, to something that may be full: a pipe, FIFO, socket, terminal. */
struct raw {
	struct watch watch;  /* the end that is written to; waits for room */
	int reader;          /* of a FIFO: the other end, held so that readers may come and go; or -1 */
	struct watch notify; /* of a FIFO that was left full: an inotify instance that tells of its next reader */
	bool socket;
	bool dead;           /* nobody will read it any more */
	bool failing;        /* told in the log once */
};

/* log_file.c: a file that is appended to. */
struct log_file {
	int descriptor;      /* -1: it could not be opened; tried again at the next write */
	char *path;
	uint64_t size, max_bytes;
	int64_t max_files;
	mode_t mode;
	bool failing;        /* told in the log once */
};

/* What a sink has of one output. */
struct side {
	bool finished;
	size_t taken;        /* of the output's pending bytes */
	char *line;          /* formats: the begin of a line whose end has not come; LONGEST_LINE bytes of room, or NULL */
	size_t line_length;
};

struct sink {
	struct sink *next;
	struct process *process;
	enum wire_sink_number kind;
	int64_t streams;     /* STREAM_ bits */
	struct side sides[2]; /* of stdout, stderr */
	char *attributes;    /* json-file */
	struct raw raw;
	struct log_file file;
};

static inline bool sink_is_raw(const struct sink *sink)
{
	return sink->kind != SINK_FILE && sink->kind != SINK_CRI && sink->kind != SINK_JSON_FILE;
}

/* sinks.c. Opens what a request names and adds it to the process; 0, or -1 with errno. `given` is the descriptor that came
 * with it, which stays the caller's. */
int sink_open(struct process *process, const struct wire_sink *asked, int given);
struct sink *sink_add(struct process *process, enum wire_sink_number kind, int64_t streams);

/* Whether a sink gets this output (0 stdout, 1 stderr). */
bool sink_wants(const struct sink *sink, int number);

/* How many bytes of an output it has taken, or dropped and counted; fewer than length: it is full, and resumes us. */
size_t sink_take(struct sink *sink, int number, const char *data, size_t length);

/* There is no more of this output. */
void sink_finish(struct sink *sink, int number);
void sink_free(struct sink *sink);
bool sink_is_done(const struct sink *sink); /* finished, and nothing of it needs us */
void sink_lost(struct sink *sink, size_t bytes);

/* raw_sink.c */
int raw_open(struct sink *sink, const char *path);
int raw_adopt(struct sink *sink, int descriptor);   /* one of somebody else's, under a file description of our own */
void raw_take_over(struct sink *sink, int descriptor); /* one of our own making */
size_t raw_write(struct sink *sink, const char *data, size_t length);
void raw_finish(struct sink *sink);
void raw_close(struct raw *raw);

/* log_file.c */
int log_file_open(struct log_file *file);
void log_file_close(struct log_file *file);
size_t log_file_append(struct sink *sink, const char *data, size_t length); /* how much was written */
void log_file_take_back(struct log_file *file, size_t length);              /* the last so many bytes */
void log_file_rotate(struct sink *sink);
/* Whether it has to be rotated before so many bytes more, behind those that wait to be written. */
bool log_file_is_over(struct log_file *file, size_t waiting, size_t more);

/* lines.c */
void lines_take(struct sink *sink, int number, const char *data, size_t length);
void lines_finish(struct sink *sink, int number);

#endif
