/* The standard streams of a process: outputs, which go to its sinks and to attached clients, and its input. */
#ifndef TIFFIN_MONITOR_STREAM_H
#define TIFFIN_MONITOR_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

struct process;

/* attached.c: a client that reads along. One that is behind makes the process wait for a moment, and is then cut off. */
struct attached {
	struct attached *next;
	struct watch watch;
	bool socket;
	bool ending;         /* the output has ended: it goes when it has got what is left */
	char *buffer;        /* what it has not read yet; ATTACHED_ROOM at most */
	size_t begin, end, room;
};

/* output.c: stdout (0), stderr (1); a terminal is an stdout. */
struct output {
	struct process *process;
	int number;
	bool open;           /* it has not ended */
	bool last;           /* it ends when there is nothing to read now, */
	int reads_left;      /* or after so many reads: somebody may write for ever */
	struct watch source; /* our end of the pipe, or the pty's master; not waited for while bytes are pending */
	char *pending;       /* what not all sinks have taken */
	size_t pending_length;
	struct attached *attached;
	struct watch patience; /* a timer, while a client is so far behind that the others wait for him */
};

/* input.c: where bytes for stdin come from. */
struct input_source {
	struct input_source *next;
	struct watch watch;
	struct process *process;
	bool attached;       /* a client's; else the FIFO */
	bool socket;
};

struct input {
	struct watch target; /* our end of the pipe, or the pty's master; waits for room */
	struct input_source *sources;
	int fifo_writer;     /* the FIFO's other end, held so that clients may come and go; or -1 */
	bool closing;        /* close_stdin: it ends when the sources have nothing more */
	char *pending;
	size_t pending_begin, pending_end;
};

#define LONGEST_CHUNK 32768 /* what is read of an output at once */

void output_init(struct process *process, int number);
int output_start(struct output *output, int descriptor); /* takes the descriptor over; 0 or -1 with errno */
void output_resume(struct output *output);               /* a sink has room again */
void output_finish(struct output *output);               /* what is there now is its last */
void output_free(struct output *output);

int attach_reader(struct output *output, int descriptor);
void attached_write(struct output *output, const char *data, size_t length);
bool attached_have_room(struct output *output);          /* false: resumes it when they have, or are cut off */
void attached_finish(struct output *output);             /* the output has ended */
void attached_free(struct output *output);

void input_init(struct process *process);
int input_open_fifo(struct process *process, const char *path);
int input_start(struct process *process, int descriptor); /* takes the descriptor over */
int attach_writer(struct process *process, int descriptor);
void input_close(struct process *process);               /* close_stdin */
void input_free(struct process *process);

#endif
