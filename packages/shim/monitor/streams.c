/* The streams of a process that is being started: its sinks, its stdin, and the pipes between them and it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descriptors.h"
#include "message.h"
#include "start.h"

#define CAPTURED 65536 /* bytes that a command can write of itself; more is refused to it */

static int open_sinks(struct process *process, const struct wire_start *asked, const int *given, size_t count, const char **about)
{
	for (size_t i = 0; i < asked->sinks.count; i++) {
		struct wire_sink sink;
		bool known = decode(MESSAGE_SINK, asked->sinks.items[i].data, asked->sinks.items[i].length, &sink);
		*about = "sink";
		if (!known || !(sink.streams & (STREAM_STDOUT | STREAM_STDERR)) || (process->terminal && sink.streams & STREAM_STDERR)) {
			errno = EINVAL;
			return -1;
		}
		*about = sink.path;
		if (sink_open(process, &sink, sink.descriptor >= 0 && (size_t)sink.descriptor < count ? given[sink.descriptor] : -1) < 0)
			return -1;
	}
	return 0;
}

/* A pipe: our end, and the program's, which belongs to whom the request says. */
static int open_pipe(const struct wire_start *asked, int own, int ends[2], int *program)
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*program = ends[1 - own];
	if ((asked->uid >= 0 || asked->gid >= 0) && fchown(*program, (uid_t)asked->uid, (gid_t)asked->gid) < 0) {
		close(ends[own]);
		return -1; /* the program's end is closed with `start` */
	}
	return 0;
}

static int open_input(struct process *process, const struct wire_start *asked)
{
	int ends[2];
	if (!*asked->stdin && !(asked->options & START_ATTACHED_STDIN))
		return (process->start->stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 ? -1 : 0;
	if (open_pipe(asked, 1, ends, &process->start->stdio[0]) < 0)
		return -1;
	return input_start(process, ends[1]);
}

static bool is_wanted(const struct process *process, int number)
{
	for (const struct sink *sink = process->sinks; sink; sink = sink->next)
		if (sink_wants(sink, number))
			return true;
	return false;
}

static int open_output(struct process *process, const struct wire_start *asked, int number)
{
	int ends[2], *program = &process->start->stdio[number + 1];
	if (!is_wanted(process, number) && !(asked->options & START_ATTACHABLE))
		return (*program = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0 ? -1 : 0;
	if (open_pipe(asked, 0, ends, program) < 0)
		return -1;
	return output_start(&process->outputs[number], ends[0]);
}

/* The command's own words go to a file in memory of a fixed size: nobody reads while it runs, and it may not block. */
static int open_capture(struct start *start)
{
	start->capture = memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (start->capture < 0 || ftruncate(start->capture, CAPTURED) < 0 || fcntl(start->capture, F_ADD_SEALS, F_SEAL_GROW) < 0)
		return -1;
	start->stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	start->stdio[1] = fcntl(start->capture, F_DUPFD_CLOEXEC, 3);
	start->stdio[2] = fcntl(start->capture, F_DUPFD_CLOEXEC, 3);
	return start->stdio[0] < 0 || start->stdio[1] < 0 || start->stdio[2] < 0 ? -1 : 0;
}

static int open_console(struct process *process, const struct wire_start *asked)
{
	if (asked->options & START_CONSOLE_SOCKET && console_listen(process) < 0)
		return -1;
	if (asked->console_descriptor < 0)
		return 0;
	process->start->console = console_connect(process);
	return process->start->console < 0 ? -1 : 0;
}

int streams_open(struct process *process, const struct wire_start *asked, const int *given, size_t count, const char **about)
{
	if (open_sinks(process, asked, given, count, about) < 0)
		return -1;
	*about = asked->stdin;
	if (*asked->stdin && (*asked->stdin != '/' || input_open_fifo(process, asked->stdin) < 0)) {
		errno = *asked->stdin == '/' ? errno : EINVAL;
		return -1;
	}
	*about = "console";
	if (open_console(process, asked) < 0)
		return -1;
	*about = "streams";
	if (process->terminal)
		return open_capture(process->start);
	return open_input(process, asked) < 0 || open_output(process, asked, 0) < 0 || open_output(process, asked, 1) < 0 ? -1 : 0;
}

static void close_once(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

void streams_started(struct start *start)
{
	for (size_t i = 0; i < 3; i++)
		close_once(&start->stdio[i]);
	close_once(&start->console);
	for (size_t i = 0; i < start->given_count; i++)
		close(start->given[i]);
	free(start->given);
	start->given = NULL;
	start->given_count = 0;
}
