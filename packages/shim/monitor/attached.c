/* Clients that read an output along, from when they came. What one does not read at once waits in a buffer of its own. When one
 * has no room for more, the process waits for him till half of his buffer is free, or PATIENCE is over: then he is cut off,
 * and only he. So a client that reads at half a megabyte a second loses nothing, and one that hangs costs the others half a
 * second once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "descriptors.h"
#include "log.h"
#include "process.h"

#define ATTACHED_ROOM 262144
#define FIRST_ROOM 16384
#define PATIENCE_MILLISECONDS 500

/* What belongs to one reader knows its output by this: an output's readers are few. */
struct reader {
	struct attached attached;
	struct output *output;
};

static void cut_off(struct output *output, struct attached *attached)
{
	struct attached **link = &output->attached;
	while (*link != attached)
		link = &(*link)->next;
	*link = attached->next;
	watch_close(&attached->watch);
	free(attached->buffer);
	free(owner_of(attached, struct reader, attached));
}

/* As much as it takes now; -1: it is gone. */
static ssize_t write_some(const struct attached *attached, const char *data, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t written = attached->socket
			? send(attached->watch.descriptor, data + done, length - done, MSG_DONTWAIT | MSG_NOSIGNAL)
			: write(attached->watch.descriptor, data + done, length - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)done;
}

/* Appends to the buffer, which grows up to its limit; false: it is too slow. */
static bool hold(struct attached *attached, const char *data, size_t length)
{
	size_t held = attached->end - attached->begin, room = attached->room ? attached->room : FIRST_ROOM;
	char *grown;
	if (held)
		memmove(attached->buffer, attached->buffer + attached->begin, held);
	attached->begin = 0;
	attached->end = held;
	while (room < held + length)
		room *= 2;
	if (room != attached->room) {
		grown = realloc(attached->buffer, room);
		if (!grown)
			return false;
		attached->buffer = grown;
		attached->room = room;
	}
	memcpy(attached->buffer + held, data, length);
	attached->end += length;
	return true;
}

static void release_buffer(struct attached *attached)
{
	free(attached->buffer);
	attached->buffer = NULL;
	attached->begin = attached->end = attached->room = 0;
	watch_for(&attached->watch, EPOLLERR);
}

static bool is_behind(const struct attached *attached)
{
	return attached->end - attached->begin > ATTACHED_ROOM / 2;
}

/* The process has waited for whoever is still behind. */
static void patience_is_over(struct watch *watch, uint32_t events)
{
	struct output *output = owner_of(watch, struct output, patience);
	(void)events;
	watch_close(watch);
	for (struct attached *attached = output->attached, *next; attached; attached = next) {
		next = attached->next;
		if (is_behind(attached)) {
			warn(output->process->name, "a client is cut off:", "it does not read", 0);
			cut_off(output, attached);
		}
	}
	output_resume(output);
}

static int wait_for_readers(struct output *output)
{
	struct itimerspec once = {.it_value.tv_nsec = PATIENCE_MILLISECONDS * 1000000L};
	struct watch *patience = &output->patience;
	watch_for(&output->source, 0);
	patience->ready = patience_is_over;
	patience->descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (patience->descriptor < 0 || timerfd_settime(patience->descriptor, 0, &once, NULL) < 0)
		return -1;
	return watch_for(patience, EPOLLIN);
}

bool attached_have_room(struct output *output)
{
	bool full = false;
	if (output->patience.descriptor >= 0) {
		watch_for(&output->source, 0); /* a sink that had room again has had it watched */
		return false;
	}
	for (const struct attached *attached = output->attached; attached; attached = attached->next)
		full = full || attached->end - attached->begin + LONGEST_CHUNK > ATTACHED_ROOM;
	if (!full)
		return true;
	if (wait_for_readers(output) < 0)
		patience_is_over(&output->patience, 0); /* no descriptor for a timer */
	return false;
}

static void go_on_if_all_have_room(struct output *output)
{
	if (output->patience.descriptor < 0)
		return;
	for (const struct attached *attached = output->attached; attached; attached = attached->next)
		if (is_behind(attached))
			return;
	watch_close(&output->patience);
	output_resume(output);
}

static void has_room_or_is_gone(struct watch *watch, uint32_t events)
{
	struct reader *reader = owner_of(watch, struct reader, attached.watch);
	struct attached *attached = &reader->attached;
	struct output *output = reader->output;
	struct process *process = output->process;
	ssize_t written = -1;
	if (!(events & (EPOLLERR | EPOLLHUP)))
		written = write_some(attached, attached->buffer + attached->begin, attached->end - attached->begin);
	if (written >= 0)
		attached->begin += (size_t)written;
	if (written >= 0 && attached->begin < attached->end) {
		go_on_if_all_have_room(output);
		return;
	}
	release_buffer(attached);
	if (written < 0 || attached->ending)
		cut_off(output, attached);
	go_on_if_all_have_room(output);
	process_progress(process);
}

static void write_to(struct output *output, struct attached *attached, const char *data, size_t length)
{
	ssize_t written = attached->buffer ? 0 : write_some(attached, data, length);
	if (written == (ssize_t)length)
		return;
	if (written < 0) {
		cut_off(output, attached);
	} else if (!hold(attached, data + written, length - (size_t)written) || watch_for(&attached->watch, EPOLLOUT) < 0) {
		warn(output->process->name, "a client is cut off:", "it does not read", 0);
		cut_off(output, attached);
	}
}

void attached_write(struct output *output, const char *data, size_t length)
{
	for (struct attached *attached = output->attached, *next; attached; attached = next) {
		next = attached->next;
		write_to(output, attached, data, length);
	}
}

int attach_reader(struct output *output, int descriptor)
{
	struct reader *reader = calloc(1, sizeof *reader);
	int own = reader ? own_description(descriptor, 1, &reader->attached.socket) : -1;
	if (own < 0) {
		free(reader);
		return -1;
	}
	reader->output = output;
	reader->attached.watch = (struct watch){.descriptor = own, .ready = has_room_or_is_gone};
	reader->attached.next = output->attached;
	output->attached = &reader->attached;
	watch_for(&reader->attached.watch, EPOLLERR); /* a file cannot be watched, and need not be */
	return 0;
}

void attached_finish(struct output *output)
{
	for (struct attached *attached = output->attached, *next; attached; attached = next) {
		next = attached->next;
		attached->ending = true;
		if (!attached->buffer)
			cut_off(output, attached);
	}
}

void attached_free(struct output *output)
{
	watch_close(&output->patience);
	while (output->attached)
		cut_off(output, output->attached);
}
