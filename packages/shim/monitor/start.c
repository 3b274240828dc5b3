/* Starting a process: the request's sinks and pipes, its loggers, then the program. outcome.c is what becomes of it. */
#include "start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "launch.h"
#include "message.h"

#define MOST_NUMBER 1023 /* of a descriptor in a program */

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
