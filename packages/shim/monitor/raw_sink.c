/* Sinks that may be full: FIFOs, pipes to loggers, descriptors of a client. sink.h tells the rules.
 *
 * A FIFO is held open at both ends, so that its readers may come and go. When the output has ended and nobody else reads
 * while something is left in it, it is kept until a reader has opened it: only then would nothing be lost by our end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "log.h"
#include "process.h"
#include "sink.h"

static void has_room(struct watch *watch, uint32_t events)
{
	struct sink *sink = owner_of(watch, struct sink, raw.watch);
	(void)events; /* EPOLLERR too: the next write tells what it is */
	watch_for(watch, 0);
	resume_outputs(sink->process);
}

void raw_take_over(struct sink *sink, int descriptor)
{
	sink->raw.watch.descriptor = descriptor;
	sink->raw.watch.ready = has_room;
}

int raw_open(struct sink *sink, const char *path)
{
	struct stat info;
	int descriptor;
	if (stat(path, &info) < 0)
		return -1;
	if (!S_ISFIFO(info.st_mode)) {
		descriptor = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	} else {
		sink->raw.reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		descriptor = sink->raw.reader < 0 ? -1 : open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (descriptor < 0)
		return -1;
	raw_take_over(sink, descriptor);
	return 0;
}

int raw_adopt(struct sink *sink, int descriptor)
{
	int own = own_description(descriptor, O_WRONLY, &sink->raw.socket);
	if (own < 0)
		return -1;
	raw_take_over(sink, own);
	return 0;
}

static ssize_t write_some(const struct raw *raw, const char *data, size_t length)
{
	if (raw->socket)
		return send(raw->watch.descriptor, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(raw->watch.descriptor, data, length);
}

size_t raw_write(struct sink *sink, const char *data, size_t length)
{
	struct raw *raw = &sink->raw;
	size_t done = 0;
	while (done < length && !raw->dead) {
		ssize_t written = write_some(raw, data + done, length - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno == EAGAIN && watch_for(&raw->watch, EPOLLOUT) == 0)
			return done;
		else if (errno != EINTR) {
			raw->dead = errno == EPIPE || errno == ECONNRESET;
			if (!raw->failing)
				warn(sink->process->name, "output is lost:", raw->dead ? "its reader is gone" : "write", errno);
			break;
		}
	}
	raw->failing = done < length;
	sink_lost(sink, length - done);
	return length;
}

/* Whether no other process has a FIFO open for reading; ours is closed. */
static bool nobody_reads(int writer)
{
	struct pollfd end = {.fd = writer, .events = POLLOUT};
	return poll(&end, 1, 0) > 0 && end.revents & POLLERR;
}

static void somebody_opened(struct watch *watch, uint32_t events)
{
	struct sink *sink = owner_of(watch, struct sink, raw.notify);
	char ignored[4096];
	(void)events;
	while (read(watch->descriptor, ignored, sizeof ignored) > 0)
		;
	if (!nobody_reads(sink->raw.watch.descriptor))
		raw_close(&sink->raw);
}

/* Without inotify (its instances are few for each user) the FIFO is kept until the process is forgotten. */
static void wait_for_reader(struct sink *sink)
{
	char path[LINK_SPACE];
	struct watch *notify = &sink->raw.notify;
	notify->ready = somebody_opened;
	notify->descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notify->descriptor < 0 ||
	    inotify_add_watch(notify->descriptor, link_of(sink->raw.watch.descriptor, path), IN_OPEN) < 0 ||
	    watch_for(notify, EPOLLIN) < 0)
		warn(sink->process->name, "a FIFO with unread output stays open:", "inotify", errno);
	if (!nobody_reads(sink->raw.watch.descriptor))
		raw_close(&sink->raw); /* it came in between */
}

void raw_finish(struct sink *sink)
{
	struct raw *raw = &sink->raw;
	int left = 0;
	watch_for(&raw->watch, 0);
	if (raw->reader >= 0) {
		close(raw->reader);
		raw->reader = -1;
		if (ioctl(raw->watch.descriptor, FIONREAD, &left) == 0 && left > 0 && nobody_reads(raw->watch.descriptor)) {
			wait_for_reader(sink);
			return;
		}
	}
	raw_close(raw);
}

void raw_close(struct raw *raw)
{
	watch_close(&raw->watch);
	watch_close(&raw->notify);
	if (raw->reader >= 0)
		close(raw->reader);
	raw->reader = -1;
}
