/* The processes of this monitor, and what their ends mean. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "control.h"
#include "log.h"
#include "process.h"
#include "reaper.h"

struct process *processes;

static int64_t last_number;

static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return length > 0 && length <= LONGEST_NAME && !name[length] && *name != '.' && *name != '-';
}

struct process *process_named(const char *name)
{
	for (struct process *process = processes; process; process = process->next)
		if (strcmp(process->name, name) == 0)
			return process;
	return NULL;
}

struct process *process_add(const char *name)
{
	struct process *process, **last = &processes;
	errno = !is_name(name) ? EINVAL : process_named(name) ? EEXIST : 0;
	if (errno || !(process = calloc(1, sizeof *process)))
		return NULL;
	strcpy(process->name, name);
	process->number = ++last_number;
	process->oom.descriptor = -1;
	output_init(process, 0);
	output_init(process, 1);
	input_init(process);
	console_init(process);
	while (*last)
		last = &(*last)->next;
	*last = process;
	return process;
}

void process_free(struct process *process)
{
	struct process **link = &processes;
	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	output_free(&process->outputs[0]);
	output_free(&process->outputs[1]);
	input_free(process);
	console_free(process);
	while (process->sinks) {
		struct sink *sink = process->sinks;
		process->sinks = sink->next;
		sink_free(sink);
	}
	oom_close(&process->oom);
	free(process);
}

void process_remove(struct process *process)
{
	record_forget(process->name);
	process_free(process);
}

void resume_outputs(struct process *process)
{
	output_resume(&process->outputs[0]);
	output_resume(&process->outputs[1]);
}

static void record(struct process *process)
{
	/* ENOENT: somebody has removed the folder, and wants to know nothing */
	if (record_end(process) == 0 || errno == ENOENT)
		process->recorded = true;
}

void process_ended(struct process *process, const struct end *end)
{
	process->stage = STAGE_ENDED;
	process->end = *end;
	if (oom_happened(&process->oom))
		process->end.oom_killed = strcmp(process->name, INIT) == 0 || end->signal == SIGKILL;
	oom_close(&process->oom);
	console_finish(process);
	record(process);
	if (!process->recorded)
		warn(process->name, "its end cannot be written, and is only in memory:", "exit", errno);
	input_free(process);
}

void process_tell_end(struct process *process)
{
	const struct end *end = &process->end;
	struct wire_exited exited = {process->name, end->status, end->signal, end->at, end->oom_killed};
	process->told = true;
	tell_all(MESSAGE_EXITED, &exited);
	if (process->terminal)
		output_finish(&process->outputs[0]);
	process_progress(process);
}

/* Those of a terminal that never came see the end too. */
static void finish_sinks(struct process *process)
{
	for (struct sink *sink = process->sinks; sink; sink = sink->next)
		for (int number = 0; number < 2; number++)
			if (sink_wants(sink, number) && !sink->sides[number].finished)
				sink_finish(sink, number);
}

void process_progress(struct process *process)
{
	struct wire_drained drained = {process->name};
	if (!process->told || process->drained || process->outputs[0].open || process->outputs[1].open)
		return;
	process->drained = true;
	finish_sinks(process);
	if (process->console.terminal >= 0)
		console_free(process);
	tell_all(MESSAGE_DRAINED, &drained);
}

bool try_records_again(void)
{
	bool all = true;
	for (struct process *process = processes; process; process = process->next) {
		if (process->stage == STAGE_ENDED && !process->recorded)
			record(process);
		all = all && (process->stage != STAGE_ENDED || process->recorded);
	}
	return all;
}

static bool sinks_are_done(const struct process *process)
{
	for (const struct sink *sink = process->sinks; sink; sink = sink->next)
		if (!sink_is_done(sink))
			return false;
	return !process->outputs[0].attached && !process->outputs[1].attached;
}

bool nothing_left_to_do(void)
{
	bool spawned = false;
	for (const struct process *process = processes; process; process = process->next) {
		if (start_is_spawn(process))
			spawned = true;
		else if (process->stage != STAGE_ENDED || !process->drained || !process->recorded || !sinks_are_done(process))
			return false;
	}
	/* who was to adopt it is gone: what it has started may still live, and then somebody may come for it */
	return !(spawned && has_children()) && !loggers_live();
}
