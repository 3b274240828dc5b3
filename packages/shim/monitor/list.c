/* The list of processes, in as many answers as it takes: each says what to ask after. */
#include "control.h"
#include "memory.h"
#include "message.h"
#include "process.h"

#define MOST_IN_ONE 200 /* an entry has at most 260 bytes */
#define ENTRY_SPACE 260

static size_t write_entry(const struct process *process, unsigned char *into)
{
	struct packet packet = {into, 0, ENTRY_SPACE, false};
	struct wire_process entry = {
		.name = process->name, .pid = process->pid, .start_time = process->start_time, .ended = process->stage == STAGE_ENDED,
		.status = process->end.status, .signal = process->end.signal, .at = process->end.at,
		.oom_killed = process->end.oom_killed, .drained = process->drained, .lost = (int64_t)process->lost,
	};
	put_fields(&packet, MESSAGE_PROCESS, &entry);
	return packet.length;
}

void answer_list(struct connection *client, uint32_t serial, int64_t after)
{
	static unsigned char *entries;
	struct wire_bytes items[MOST_IN_ONE];
	struct wire_processes answered = {.items = {items, 0}};
	const struct process *process = processes;
	if (!entries)
		entries = scratch((size_t)MOST_IN_ONE * ENTRY_SPACE);
	while (process && process->number <= after)
		process = process->next;
	for (; process && answered.items.count < MOST_IN_ONE; process = process->next) {
		size_t i = answered.items.count++;
		items[i] = (struct wire_bytes){entries + i * ENTRY_SPACE, write_entry(process, entries + i * ENTRY_SPACE)};
		answered.next = process->next ? process->number : 0;
	}
	answer(client, serial, MESSAGE_PROCESSES, &answered);
}
