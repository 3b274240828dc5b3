/* What clients ask for, one function for each request; table.py says what each means. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "connection.h"
#include "control.h"
#include "log.h"
#include "message.h"
#include "process.h"

struct request {
	struct connection *client;
	uint32_t serial;
	const unsigned char *body;
	size_t length;
	int *given;
	size_t count;
};

static void refuse(const struct request *request, enum wire_error_number error, int number, const char *text)
{
	answer_failed(request->client, request->serial, error, number, text, NULL, 0);
}

static void answer_errno(const struct request *request, int error, const char *text)
{
	refuse(request, error_of(error), error, text);
}

static void agree(const struct request *request)
{
	answer_done(request->client, request->serial, 0);
}

/* Fills the fields, whose first is the name, and finds the process; NULL: the client is told why. */
static struct process *named_in(const struct request *request, enum wire_message number, void *fields)
{
	struct process *process;
	const char *name;
	if (!decode(number, request->body, request->length, fields)) {
		refuse(request, ERROR_INVALID_ARGUMENT, EINVAL, "malformed");
		return NULL;
	}
	memcpy(&name, fields, sizeof name);
	process = process_named(name);
	if (!process)
		refuse(request, ERROR_NOT_FOUND, ESRCH, name);
	return process;
}

static void handle_start(const struct request *request)
{
	start_process(request->client, request->serial, request->body, request->length, request->given, request->count);
}

/* Who asked may be killed at any time: so it is we who let the process go on, once we know it. */
static void let_go(const struct process *process, const struct request *request)
{
	struct pollfd room = {.events = POLLOUT};
	if (!request->count)
		return;
	room.fd = request->given[0];
	if (poll(&room, 1, 0) != 1 || (write(room.fd, "\n", 1) < 0 && errno != EPIPE)) /* EPIPE: it has ended */
		warn(process->name, "it cannot be let go:", "adopt", errno);
}

static void handle_adopt(const struct request *request)
{
	struct wire_adopt asked;
	struct process *process = named_in(request, MESSAGE_ADOPT, &asked);
	if (!process)
		return;
	if (!start_is_spawn(process))
		refuse(request, ERROR_NOT_FOUND, 0, "it was not spawned, or is adopted already");
	else if (start_adopt(process, asked.pid == (pid_t)asked.pid ? (pid_t)asked.pid : 0) < 0) /* no pid is so large, or 0 */
		refuse(request, ERROR_FAILED_PRECONDITION, errno, "that is no child of the monitor");
	else {
		let_go(process, request);
		agree(request);
	}
}

/* It is not reaped, so its pid is its own, dead or alive. */
static void handle_signal(const struct request *request)
{
	struct wire_signal asked;
	struct process *process = named_in(request, MESSAGE_SIGNAL, &asked);
	if (!process)
		return;
	if (process->stage == STAGE_STARTING)
		refuse(request, ERROR_FAILED_PRECONDITION, 0, "it is being started");
	else if (process->stage == STAGE_ENDED)
		refuse(request, ERROR_NOT_FOUND, ESRCH, "it has ended");
	else if (asked.number < 0 || asked.number > SIGRTMAX || kill(process->pid, (int)asked.number) < 0)
		answer_errno(request, asked.number < 0 || asked.number > SIGRTMAX ? EINVAL : errno, "kill");
	else
		agree(request);
}

static void handle_resize(const struct request *request)
{
	struct wire_resize asked;
	struct process *process = named_in(request, MESSAGE_RESIZE, &asked);
	struct winsize size;
	if (!process)
		return;
	size = (struct winsize){.ws_row = (unsigned short)asked.height, .ws_col = (unsigned short)asked.width};
	if (asked.width < 0 || asked.width > UINT16_MAX || asked.height < 0 || asked.height > UINT16_MAX)
		answer_errno(request, EINVAL, "size");
	else if (process->console.terminal < 0)
		refuse(request, ERROR_FAILED_PRECONDITION, ENOTTY, "it has no terminal");
	else if (ioctl(process->console.terminal, TIOCSWINSZ, &size) < 0)
		answer_errno(request, errno, "TIOCSWINSZ");
	else
		agree(request);
}

static void handle_close_stdin(const struct request *request)
{
	struct wire_close_stdin asked;
	struct process *process = named_in(request, MESSAGE_CLOSE_STDIN, &asked);
	if (!process)
		return;
	input_close(process);
	agree(request);
}

/* 0 or -1 with errno. */
static int attach_one(struct process *process, int64_t stream, int descriptor)
{
	struct output *output = &process->outputs[stream == STREAM_STDERR];
	if (stream == STREAM_STDIN && process->input.target.descriptor >= 0)
		return attach_writer(process, descriptor);
	if (stream != STREAM_STDIN && output->open)
		return attach_reader(output, descriptor);
	return 0; /* it has ended, or is /dev/null: the client sees the end at once */
}

static void handle_attach(const struct request *request)
{
	struct wire_attach asked;
	struct process *process = named_in(request, MESSAGE_ATTACH, &asked);
	size_t used = 0;
	if (!process)
		return;
	if ((size_t)__builtin_popcountll((unsigned long long)asked.streams & 7) != request->count) {
		answer_errno(request, EINVAL, "descriptors");
		return;
	}
	for (int64_t stream = STREAM_STDIN; stream <= STREAM_STDERR; stream <<= 1) {
		if (!(asked.streams & stream))
			continue;
		if (attach_one(process, stream, request->given[used++]) < 0) {
			answer_errno(request, errno, "descriptor");
			return;
		}
	}
	agree(request);
}

static void handle_reopen_logs(const struct request *request)
{
	struct wire_reopen_logs asked;
	struct process *process = named_in(request, MESSAGE_REOPEN_LOGS, &asked);
	int error = 0;
	if (!process)
		return;
	for (struct sink *sink = process->sinks; sink; sink = sink->next) {
		if (sink_is_raw(sink) || sink_is_done(sink))
			continue;
		log_file_close(&sink->file);
		if (log_file_open(&sink->file) < 0)
			error = errno; /* tried again at the next line */
	}
	if (error)
		answer_errno(request, error, "log file");
	else
		agree(request);
}

static void handle_list(const struct request *request)
{
	struct wire_list asked;
	if (decode(MESSAGE_LIST, request->body, request->length, &asked))
		answer_list(request->client, request->serial, asked.after);
	else
		refuse(request, ERROR_INVALID_ARGUMENT, EINVAL, "malformed");
}

static void handle_forget(const struct request *request)
{
	struct wire_forget asked;
	struct process *process = named_in(request, MESSAGE_FORGET, &asked);
	if (!process)
		return;
	if (process->stage == STAGE_STARTING)
		start_given_up(process);
	else
		process_remove(process);
	agree(request);
}

static void handle_quit(const struct request *request)
{
	agree(request);
	loggers_terminate();
	quitting = true;
}

void handle_request(struct connection *client, const struct wire_header *header, const unsigned char *body, size_t length, int *given, size_t count)
{
	static void (*const handlers[])(const struct request *) = {
		[MESSAGE_START] = handle_start, [MESSAGE_ADOPT] = handle_adopt, [MESSAGE_SIGNAL] = handle_signal,
		[MESSAGE_RESIZE] = handle_resize, [MESSAGE_CLOSE_STDIN] = handle_close_stdin, [MESSAGE_ATTACH] = handle_attach,
		[MESSAGE_REOPEN_LOGS] = handle_reopen_logs, [MESSAGE_LIST] = handle_list, [MESSAGE_FORGET] = handle_forget,
		[MESSAGE_QUIT] = handle_quit,
	};
	struct request request = {client, header->serial, body, length, given, count};
	begin_decoding();
	if (header->number < sizeof handlers / sizeof *handlers && handlers[header->number])
		handlers[header->number](&request);
	else
		refuse(&request, ERROR_INVALID_ARGUMENT, ENOSYS, "no such request");
}
