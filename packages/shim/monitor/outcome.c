/* What becomes of a start: its command ends, well or not; it fails, or is forgotten; whoever waits for it is gone. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "control.h"
#include "message.h"
#include "reaper.h"
#include "start.h"
#include "text.h"

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
void fail_start(struct process *process, enum wire_error_number error, int number, const char *why)
{
	struct connection *client = process->start->client;
	uint32_t serial = process->start->serial;
	char bytes[512];
	struct text text = {bytes, 0, sizeof bytes};
	add_text(&text, why);
	give_up(process);
	answer_failed(client, serial, error, number, text_end(&text), NULL, 0);
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
