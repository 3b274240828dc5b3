/* Copies an output to its sinks. A sink that is full makes the process wait: nothing more is read until all have taken what
 * was read. With one raw sink and nobody attached, much at once goes from pipe to pipe in the kernel, by splice(2); little
 * does not: it would take a whole page of the other pipe's sixteen, where write(2) fills them up. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "descriptors.h"
#include "log.h"
#include "memory.h"
#include "process.h"

#define SPLICED (1 << 20)
#define WORTH_SPLICING 16384
#define LAST_READS 128 /* of a terminal, which holds less than that */

static char *chunk; /* of LONGEST_CHUNK bytes */

void output_init(struct process *process, int number)
{
	process->outputs[number] = (struct output){
		.process = process, .number = number, .source.descriptor = -1, .patience.descriptor = -1,
	};
}

static void end_output(struct output *output)
{
	struct process *process = output->process;
	watch_close(&output->source);
	output->open = false;
	for (struct sink *sink = process->sinks; sink; sink = sink->next)
		if (sink_wants(sink, output->number))
			sink_finish(sink, output->number);
	attached_finish(output);
	process_progress(process);
}

/* What is left when the slowest sink has taken its part: keeps it, and lets the process wait. */
static void keep_pending(struct output *output, const char *data, size_t length, size_t left)
{
	size_t base = length - left;
	output->pending = malloc(left);
	if (!output->pending) {
		warn(output->process->name, "output is lost:", "malloc", errno);
		output->process->lost += left;
		return;
	}
	memcpy(output->pending, data + base, left);
	output->pending_length = left;
	for (struct sink *sink = output->process->sinks; sink; sink = sink->next)
		sink->sides[output->number].taken -= base;
	watch_for(&output->source, 0);
}

static void deliver(struct output *output, const char *data, size_t length)
{
	size_t left = 0;
	attached_write(output, data, length);
	for (struct sink *sink = output->process->sinks; sink; sink = sink->next) {
		size_t taken = sink_wants(sink, output->number) ? sink_take(sink, output->number, data, length) : length;
		sink->sides[output->number].taken = taken;
		if (length - taken > left)
			left = length - taken;
	}
	if (left)
		keep_pending(output, data, length, left);
}

/* Not a socket: its description is its owner's and blocks, and splice(2) has no flag to wait for no room in it. */
static struct sink *only_sink_to_splice_to(const struct output *output)
{
	struct sink *found = NULL;
	for (struct sink *sink = output->process->sinks; sink; sink = sink->next) {
		if (!sink_wants(sink, output->number))
			continue;
		if (found || !sink_is_raw(sink))
			return NULL;
		found = sink;
	}
	return found && !found->raw.dead && !found->raw.socket && !output->attached && !output->process->terminal ? found : NULL;
}

/* True: something was done about it, or the sink is full, and it is not for read and write to do. */
static bool splice_along(struct output *output)
{
	struct sink *sink = only_sink_to_splice_to(output);
	ssize_t moved;
	int there = 0;
	if (!sink || ioctl(output->source.descriptor, FIONREAD, &there) < 0 || there < WORTH_SPLICING)
		return false;
	moved = splice(output->source.descriptor, NULL, sink->raw.watch.descriptor, NULL, SPLICED, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (moved < 0 && errno == EAGAIN) { /* there is something to read, so it is the sink */
		watch_for(&output->source, 0);
		if (watch_for(&sink->raw.watch, EPOLLOUT) == 0)
			return true;
		watch_for(&output->source, EPOLLIN);
	}
	return moved > 0;
}

static void has_bytes(struct watch *watch, uint32_t events)
{
	struct output *output = owner_of(watch, struct output, source);
	ssize_t length;
	(void)events;
	if (!chunk)
		chunk = scratch(LONGEST_CHUNK);
	if (!attached_have_room(output) || splice_along(output))
		return;
	length = read(watch->descriptor, chunk, LONGEST_CHUNK);
	if (length < 0 && (errno == EINTR || (errno == EAGAIN && !output->last)))
		return;
	if (length < 0 && errno == EIO && !output->last && console_keep(output->process))
		return;
	if (length <= 0)
		end_output(output);
	else
		deliver(output, chunk, (size_t)length);
}

int output_start(struct output *output, int descriptor)
{
	output->source.descriptor = descriptor;
	output->source.ready = has_bytes;
	output->open = true;
	if (make_nonblocking(descriptor) == 0 && watch_for(&output->source, EPOLLIN) == 0)
		return 0;
	watch_close(&output->source);
	output->open = false;
	return -1;
}

/* Reads on as long as nobody makes it wait. */
static void read_to_the_last(struct output *output)
{
	while (output->last && output->open && output->source.events)
		if (output->reads_left-- > 0)
			has_bytes(&output->source, EPOLLIN);
		else
			end_output(output);
}

/* A process that has ended may leave others behind that have its terminal open. containerd's shim ends the stream with it too;
 * read(2) of a master fetches what is still on its way. */
void output_finish(struct output *output)
{
	output->last = true;
	output->reads_left = LAST_READS;
	read_to_the_last(output);
}

void output_resume(struct output *output)
{
	bool all = true;
	if (output->source.descriptor < 0)
		return;
	for (struct sink *sink = output->process->sinks; output->pending && sink; sink = sink->next) {
		struct side *side = &sink->sides[output->number];
		if (side->taken < output->pending_length)
			side->taken += sink_take(sink, output->number, output->pending + side->taken, output->pending_length - side->taken);
		all = all && side->taken == output->pending_length;
	}
	if (!all)
		return;
	free(output->pending);
	output->pending = NULL;
	watch_for(&output->source, EPOLLIN);
	read_to_the_last(output);
}

void output_free(struct output *output)
{
	watch_close(&output->source);
	free(output->pending);
	output->pending = NULL;
	output->open = false;
	attached_free(output);
}
