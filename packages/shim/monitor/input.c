/* Copies what clients write to a process's stdin: by its FIFO, whose other end we hold so that they may come and go, and by
 * attached descriptors. When the process does not read, nothing more is read from them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "memory.h"
#include "process.h"

#define CHUNK 16384

static char *chunk; /* of CHUNK bytes */

void input_init(struct process *process)
{
	process->input = (struct input){.target.descriptor = -1, .fifo_writer = -1};
}

static void drop_source(struct input *input, struct input_source *source)
{
	struct input_source **link = &input->sources;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	watch_close(&source->watch);
	free(source);
}

static void close_writer(struct input *input)
{
	if (input->fifo_writer >= 0)
		close(input->fifo_writer);
	input->fifo_writer = -1;
}

void input_free(struct process *process)
{
	struct input *input = &process->input;
	while (input->sources)
		drop_source(input, input->sources);
	close_writer(input);
	watch_close(&input->target);
	free(input->pending);
	input->pending = NULL;
}

/* Keeps what the process does not read now, and lets the clients wait. */
static bool hold(struct input *input, const char *data, size_t length)
{
	if (input->pending == NULL) {
		input->pending = malloc(length);
		if (!input->pending)
			return false;
		memcpy(input->pending, data, length);
		input->pending_begin = 0;
		input->pending_end = length;
	}
	for (struct input_source *source = input->sources; source; source = source->next)
		watch_for(&source->watch, 0);
	return watch_for(&input->target, EPOLLOUT) == 0;
}

/* False: it has closed its stdin, or is full and cannot be waited for. */
static bool pass_on(struct input *input, const char *data, size_t length)
{
	while (length) {
		ssize_t written = write(input->target.descriptor, data, length);
		if (written < 0 && errno == EAGAIN)
			return hold(input, data, length);
		if (written < 0 && errno != EINTR && !(errno == EIO && console_keep(owner_of(input, struct process, input))))
			return false;
		if (written > 0) {
			data += written;
			length -= (size_t)written;
		}
	}
	return true;
}

static ssize_t read_some(const struct input_source *source)
{
	if (source->socket)
		return recv(source->watch.descriptor, chunk, CHUNK, MSG_DONTWAIT);
	return read(source->watch.descriptor, chunk, CHUNK);
}

/* Reads a source until it has nothing now, is at its end (then it is dropped), or the process is full. */
static bool pump_source(struct input *input, struct input_source *source)
{
	while (!input->pending) {
		ssize_t length = read_some(source);
		bool nothing_now = length < 0 && errno == EAGAIN;
		if (length < 0 && errno == EINTR)
			continue;
		if (nothing_now && !(input->closing && source->attached))
			return watch_for(&source->watch, EPOLLIN) == 0;
		if (length <= 0) {
			input->closing = input->closing || !source->attached;
			drop_source(input, source);
			return true;
		}
		if (!pass_on(input, chunk, (size_t)length))
			return false;
	}
	return true;
}

static void pump(struct process *process)
{
	struct input *input = &process->input;
	bool open = true;
	if (!chunk)
		chunk = scratch(CHUNK);
	if (input->target.descriptor < 0)
		return; /* a terminal that has not come yet */
	for (struct input_source *source = input->sources, *next; open && source && !input->pending; source = next) {
		next = source->next;
		open = pump_source(input, source);
	}
	if (!open || (input->closing && !input->sources && !input->pending))
		input_free(process);
}

static void has_bytes(struct watch *watch, uint32_t events)
{
	(void)events;
	pump(owner_of(watch, struct input_source, watch)->process);
}

static void has_room(struct watch *watch, uint32_t events)
{
	struct input *input = owner_of(watch, struct input, target);
	struct process *process = owner_of(input, struct process, input);
	char *held = input->pending;
	(void)events;
	watch_for(watch, 0);
	input->pending = NULL;
	if (held && !pass_on(input, held + input->pending_begin, input->pending_end - input->pending_begin))
		input_free(process);
	free(held);
	pump(process);
}

static int add_source(struct process *process, int descriptor, bool attached, bool socket)
{
	struct input_source *source = calloc(1, sizeof *source);
	if (!source)
		return -1;
	*source = (struct input_source){
		.next = process->input.sources, .process = process, .attached = attached, .socket = socket,
		.watch = {.descriptor = descriptor, .ready = has_bytes},
	};
	process->input.sources = source;
	return 0;
}

int input_open_fifo(struct process *process, const char *path)
{
	struct stat info;
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (descriptor < 0)
		return -1;
	if (fstat(descriptor, &info) == 0 && S_ISFIFO(info.st_mode)) {
		process->input.fifo_writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (process->input.fifo_writer < 0) {
			close(descriptor);
			return -1;
		}
	}
	if (add_source(process, descriptor, false, false) == 0)
		return 0;
	close(descriptor);
	return -1;
}

int input_start(struct process *process, int descriptor)
{
	process->input.target.descriptor = descriptor;
	process->input.target.ready = has_room;
	if (make_nonblocking(descriptor) < 0)
		return -1;
	pump(process);
	return 0;
}

int attach_writer(struct process *process, int descriptor)
{
	bool socket;
	int own = own_description(descriptor, O_RDONLY, &socket);
	if (own < 0)
		return -1;
	if (add_source(process, own, true, socket) < 0) {
		close(own);
		return -1;
	}
	pump(process);
	return 0;
}

void input_close(struct process *process)
{
	struct input *input = &process->input;
	input->closing = true;
	close_writer(input);
	pump(process);
}
