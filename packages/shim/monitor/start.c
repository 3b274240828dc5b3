/* Starting a process: the request's sinks and pipes, its loggers, then the program; and what its end, or `adopt`, means. */
#include "start.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "launch.h"
#include "message.h"
#include "reaper.h"
#include "text.h"

#define MOST_NUMBER 1023 /* of a descriptor in a program */

void free_start(struct process *process)
{
	struct start *start = process->start;
	process->start = NULL;
	if (!start)
		return;
	loggers_free(start);
	streams_started(start);
	if (start->capture >= 0)
		close(start->capture);
	free(start->body);
	free(start);
	reap_soon(); /* children that were left alone till now */
}

static void give_up(struct process *process)
{
	free_start(process);
	process_remove(process);
}

/* All is given up before the client hears of it; the text may be part of what is freed. */
static void fail_start(struct process *process, enum wire_error_number error, int number, const char *why)
{
	struct connection *client = process->start->client;
	uint32_t serial = process->start->serial;
	char bytes[512];
	struct text text = {bytes, 0, sizeof bytes};
	add_text(&text, why);
	give_up(process);
	answer_failed(client, serial, error, number, text_end(&text), NULL, 0);
}

static bool launch_start(struct process *process, const struct wire_start *asked)
{
	struct start *start = process->start;
	struct launch launch = {
		.argv = asked->argv.items, .directory = asked->directory,
		.environment = asked->options & START_OWN_ENVIRONMENT ? NULL : asked->environment.items,
	};
	for (int number = 0; number < 3; number++)
		launch_give(&launch, start->stdio[number], number);
	for (size_t i = 0; i < start->given_count; i++)
		launch_give(&launch, start->given[i], (int)asked->numbers.items[i]);
	if (start->console >= 0)
		launch_give(&launch, start->console, (int)asked->console_descriptor);
	start->command = launch_program(&launch);
	return start->command > 0;
}

static void go(struct process *process)
{
	struct start *start = process->start;
	struct wire_start asked;
	begin_decoding();
	decode(MESSAGE_START, start->body, start->length, &asked); /* it was well before */
	if (!launch_start(process, &asked)) {
		int error = errno;
		start->command = 0;
		fail_start(process, error_of(error), error, asked.argv.items[0]);
		return;
	}
	streams_started(start);
	if (start->spawn) {
		answer_done(start->client, start->serial, start->command);
		start->client = NULL;
	}
}

static bool is_usable(const struct wire_start *asked, size_t count)
{
	if (!asked->argv.count || asked->argv.items[0][0] != '/' || asked->numbers.count > count || asked->console_descriptor > MOST_NUMBER)
		return false;
	if (asked->console_descriptor >= 0 && asked->console_descriptor < 3)
		return false;
	for (size_t i = 0; i < asked->numbers.count; i++)
		if (asked->numbers.items[i] < 3 || asked->numbers.items[i] > MOST_NUMBER)
			return false;
	return true;
}

static struct start *new_start(struct connection *client, uint32_t serial, const unsigned char *body, size_t length, size_t given)
{
	struct start *start = calloc(1, sizeof *start);
	if (!start)
		return NULL;
	*start = (struct start){
		.client = client, .serial = serial, .body = malloc(length), .length = length, .given = calloc(given + 1, sizeof(int)),
		.stdio = {-1, -1, -1}, .capture = -1, .console = -1,
	};
	if (start->body && start->given) {
		memcpy(start->body, body, length);
		return start;
	}
	free(start->body);
	free(start->given);
	free(start);
	return NULL;
}

static void take_descriptors(struct start *start, const struct wire_start *asked, int *given)
{
	for (size_t i = 0; i < asked->numbers.count; i++) {
		start->given[start->given_count++] = given[i];
		given[i] = -1;
	}
}

void start_process(struct connection *client, uint32_t serial, const unsigned char *body, size_t length, int *given, size_t count)
{
	struct wire_start asked;
	struct process *process;
	const char *about = "folder";
	if (!decode(MESSAGE_START, body, length, &asked) || !is_usable(&asked, count)) {
		answer_failed(client, serial, ERROR_INVALID_ARGUMENT, EINVAL, "start", NULL, 0);
		return;
	}
	process = process_add(asked.name);
	if (!process) {
		answer_failed(client, serial, error_of(errno), errno, asked.name, NULL, 0);
		return;
	}
	process->start = new_start(client, serial, body, length, asked.numbers.count);
	if (!process->start) {
		answer_failed(client, serial, ERROR_UNAVAILABLE, ENOMEM, asked.name, NULL, 0);
		process_free(process);
		return;
	}
	process->terminal = asked.options & START_TERMINAL;
	process->start->spawn = asked.options & START_SPAWN;
	if (record_folder(process->name) < 0 || streams_open(process, &asked, given, count, &about) < 0) {
		int error = errno;
		fail_start(process, error_of(error), error, about);
		return;
	}
	take_descriptors(process->start, &asked, given);
	if (!process->start->loggers)
		go(process);
}

void start_logger_ready(struct process *process, bool well)
{
	if (!well)
		fail_start(process, ERROR_FAILED_PRECONDITION, 0, "the logger ended before it was ready");
	else if (!process->start->loggers)
		go(process);
}

void start_client_gone(const struct connection *client)
{
	for (struct process *process = processes; process; process = process->next)
		if (process->start && process->start->client == client)
			process->start->client = NULL;
}

bool start_is_spawn(const struct process *process)
{
	return process->start && process->start->spawn;
}

pid_t start_command(const struct process *process)
{
	return process->start && !process->start->spawn ? process->start->command : 0;
}

void start_command_reaped(pid_t pid)
{
	for (struct process *process = processes; process; process = process->next)
		if (process->start && process->start->command == pid)
			process->start->command = 0;
}

void start_given_up(struct process *process)
{
	struct start *start = process->start;
	start->forgotten = true;
	if (start->command > 0)
		kill(start->command, SIGKILL); /* it is not reaped, so this is it */
	if (start->spawn || !start->command) {
		struct connection *client = start->client;
		uint32_t serial = start->serial;
		give_up(process);
		answer_failed(client, serial, ERROR_COMMAND_FAILED, 128 + SIGKILL, "forgotten", NULL, 0);
	}
}

static void command_failed(struct process *process, int64_t status)
{
	struct start *start = process->start;
	struct connection *client = start->client;
	uint32_t serial = start->serial;
	char output[4096];
	off_t end = start->capture < 0 ? 0 : lseek(start->capture, 0, SEEK_CUR);
	off_t begin = end > (off_t)sizeof output ? end - (off_t)sizeof output : 0;
	ssize_t length = start->capture < 0 ? 0 : pread(start->capture, output, (size_t)(end - begin), begin);
	give_up(process);
	answer_failed(client, serial, ERROR_COMMAND_FAILED, (int)status, "command", output, length < 0 ? 0 : (size_t)length);
}

void start_command_ended(struct process *process, int64_t status)
{
	struct start *start = process->start;
	struct connection *client = start->client;
	uint32_t serial = start->serial;
	struct wire_start asked;
	start->command = 0;
	if (status || start->forgotten) { /* it may have ended well right before it was killed */
		command_failed(process, status ? status : 128 + SIGKILL);
		return;
	}
	begin_decoding();
	decode(MESSAGE_START, start->body, start->length, &asked);
	console_finish(process);
	if (process->terminal && process->console.terminal < 0)
		fail_start(process, ERROR_FAILED_PRECONDITION, 0, "the command sent no terminal");
	else if (start_adopt(process, read_pid_file(asked.pid_file)) < 0)
		fail_start(process, ERROR_FAILED_PRECONDITION, errno, "the pid file names no child of the monitor");
	else
		answer_done(client, serial, process->pid);
}
