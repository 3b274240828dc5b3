/* A process that is being started: what is kept from the request till its pid is known. */
#ifndef TIFFIN_MONITOR_START_H
#define TIFFIN_MONITOR_START_H

#include "process.h"

struct connection;

/* logger.c: a logger that has not said that it is ready. */
struct logger {
	struct logger *next;
	struct process *process;
	struct watch ready;
	pid_t pid;
	bool strict; /* it has to write a byte, not only to close it */
};

struct start {
	struct connection *client; /* who waits for the answer; NULL: gone, or has it */
	uint32_t serial;
	bool spawn;
	unsigned char *body;       /* the request's fields */
	size_t length;
	int *given;                /* descriptors for the program */
	size_t given_count;
	int stdio[3];              /* the program's */
	int capture;               /* with a terminal: a memfd for what the command itself writes */
	int console;               /* the program's end of a connection for the pty's master */
	struct logger *loggers;
	pid_t command;             /* 0: not started yet, or reaped */
	bool forgotten;            /* while its command runs: whatever comes of that is given up */
};

/* streams.c: opens sinks, stdin and pipes as the request wants them; 0 or -1 with errno, and what it was about. */
int streams_open(struct process *process, const struct wire_start *asked, const int *given, size_t count, const char **about);
void streams_started(struct start *start); /* the program has its ends: closes ours of them */

/* outcome.c */
void free_start(struct process *process);
void fail_start(struct process *process, enum wire_error_number error, int number, const char *why); /* and answers */

/* adopt.c: the pid in a pid file; -1: there is none. */
pid_t read_pid_file(const char *path);

/* logger.c */
void loggers_free(struct start *start);

#endif
