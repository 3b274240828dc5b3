/* Loggers: programs that read a process's output, with containerd's protocol: 3 is its stdout, 4 its stderr, 5 is closed
 * (binary-v2: written to) when it is ready, and the process is not started before. One that dies loses what it has not
 * read, which is counted; the process goes on. It ends by itself at the end of its pipes; it is asked to by SIGTERM when the
 * monitor quits, or when the process is given up before it was ready. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "descriptors.h"
#include "launch.h"
#include "start.h"

#define PIPES 3 /* stdout, stderr, ready */

/* Those that live: the monitor stays until they have read what is theirs. */
static struct running {
	struct running *next;
	pid_t pid;
} *running;

bool logger_ended(pid_t pid)
{
	for (struct running **link = &running; *link; link = &(*link)->next)
		if ((*link)->pid == pid) {
			struct running *logger = *link;
			*link = logger->next;
			free(logger);
			return true;
		}
	return false;
}

bool loggers_live(void)
{
	return running;
}

/* pid 0: all of them. They are not reaped, so these are them. */
static void terminate(pid_t pid)
{
	for (const struct running *logger = running; logger; logger = logger->next)
		if (!pid || logger->pid == pid)
			kill(logger->pid, SIGTERM);
}

void loggers_terminate(void)
{
	terminate(0);
}

static void close_pipes(int ends[PIPES][2])
{
	for (size_t i = 0; i < PIPES; i++)
		for (size_t end = 0; end < 2; end++)
			if (ends[i][end] >= 0)
				close(ends[i][end]);
}

static pid_t launch_logger(const struct wire_sink *asked, int ends[PIPES][2])
{
	const char **argv = calloc(asked->arguments.count + 2, sizeof *argv);
	struct running *logger = malloc(sizeof *logger);
	struct launch launch = {.argv = argv, .environment = asked->environment.items, .directory = ""};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = -1;
	if (argv && logger && null >= 0) {
		argv[0] = asked->path;
		for (size_t i = 0; i < asked->arguments.count; i++)
			argv[i + 1] = asked->arguments.items[i];
		for (int number = 0; number < 3; number++)
			launch_give(&launch, null, number);
		launch_give(&launch, ends[0][0], 3);
		launch_give(&launch, ends[1][0], 4);
		launch_give(&launch, ends[2][1], 5);
		pid = launch_program(&launch);
	}
	if (null >= 0)
		close(null);
	free(argv);
	if (pid < 0) {
		free(logger);
		return -1;
	}
	*logger = (struct running){running, pid};
	running = logger;
	return pid;
}

static void is_ready(struct watch *watch, uint32_t events)
{
	struct logger *logger = owner_of(watch, struct logger, ready), **link = &logger->process->start->loggers;
	struct process *process = logger->process;
	char byte;
	bool well = read(watch->descriptor, &byte, 1) == 1 || !logger->strict;
	(void)events;
	while (*link != logger)
		link = &(*link)->next;
	*link = logger->next;
	watch_close(watch);
	free(logger);
	start_logger_ready(process, well);
}

static int wait_for(struct process *process, pid_t pid, int ready, bool strict)
{
	struct logger *logger = calloc(1, sizeof *logger);
	if (!logger) {
		close(ready);
		return -1;
	}
	*logger = (struct logger){
		.next = process->start->loggers, .process = process, .pid = pid, .strict = strict,
		.ready = {.descriptor = ready, .ready = is_ready},
	};
	process->start->loggers = logger;
	return watch_for(&logger->ready, EPOLLIN);
}

/* The sink of one of its pipes; takes our end over. */
static int add_pipe(struct process *process, const struct wire_sink *asked, int64_t stream, int *end)
{
	struct sink *sink;
	if (!(asked->streams & stream))
		return 0; /* our end is closed, so that the logger sees that nothing will come */
	sink = sink_add(process, (enum wire_sink_number)asked->kind, stream);
	if (!sink || make_nonblocking(*end) < 0)
		return -1;
	raw_take_over(sink, *end);
	*end = -1;
	return 0;
}

int logger_start(struct process *process, const struct wire_sink *asked)
{
	int ends[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, done = -1, error;
	pid_t pid;
	if (*asked->path != '/') {
		errno = EINVAL;
		return -1;
	}
	if (pipe2(ends[0], O_CLOEXEC) == 0 && pipe2(ends[1], O_CLOEXEC) == 0 && pipe2(ends[2], O_CLOEXEC) == 0 &&
	    add_pipe(process, asked, STREAM_STDOUT, &ends[0][1]) == 0 && add_pipe(process, asked, STREAM_STDERR, &ends[1][1]) == 0 &&
	    (pid = launch_logger(asked, ends)) > 0) {
		done = wait_for(process, pid, ends[2][0], asked->kind == SINK_BINARY_V2);
		ends[2][0] = -1;
	}
	error = errno;
	close_pipes(ends);
	errno = error;
	return done;
}

void loggers_free(struct start *start)
{
	while (start->loggers) {
		struct logger *logger = start->loggers;
		start->loggers = logger->next;
		terminate(logger->pid); /* it was not ready, and need not be any more */
		watch_close(&logger->ready);
		free(logger);
	}
}
