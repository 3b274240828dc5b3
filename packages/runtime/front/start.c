/*
 * start: the FIFO in the state directory is taken by rename, so that one caller wins; one byte lets init go on.
 * Init holds the reading end since before it said that it was ready. A start that was killed may have left the FIFO under its
 * second name: then whoever locks it goes on. lifecycle/start.py does the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"

static int refuse(const struct arguments *arguments, enum status status)
{
	if (status == STOPPED)
		return fail(arguments, "cannot start a container that has stopped");
	if (status == RUNNING)
		return fail(arguments, "cannot start an already running container");
	return fail(arguments, "cannot start a container in the %s state", status_name(status));
}

/* 0, an errno, or EBUSY if somebody else lets it go. */
static int write_alone(int descriptor)
{
	struct stat information;

	if (flock(descriptor, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? EBUSY : errno;
	if (fstat(descriptor, &information) < 0)
		return errno;
	if (information.st_nlink == 0)
		return EBUSY;
	return write(descriptor, "\n", 1) == 1 ? 0 : errno;
}

static int let_go(const struct arguments *arguments, const struct container *container, const char *taken)
{
	cleanup_close int descriptor = open(taken, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int reason = descriptor < 0 ? errno : write_alone(descriptor);

	if (reason == EBUSY || reason == ENOENT)
		return refuse(arguments, RUNNING);
	if (unlink(taken) < 0 && reason == 0)
		reason = errno;
	if (reason == ENXIO || reason == EPIPE) /* nobody reads: it is the user's program, or dead */
		return refuse(arguments, is_alive(container) ? RUNNING : STOPPED);
	if (reason != 0)
		return fail(arguments, "cannot start container: %s: %s", taken, strerror(reason));
	return 0;
}

int verb_start(const struct arguments *arguments)
{
	cleanup_container struct container container = { 0 };
	char fifo[PATH_SIZE];
	char taken[PATH_SIZE];
	enum status status;
	int code = read_container(arguments, &container);

	if (code != 0)
		return code;
	status = status_of(&container);
	if (status != CREATED)
		return refuse(arguments, status);
	if (has_hook(&container, "poststart") || getenv("NOTIFY_SOCKET"))
		return HAND_OVER;
	if (!path_in(&container, "exec.fifo", fifo) || !path_in(&container, "exec.fifo.taken", taken))
		return HAND_OVER;
	if (rename(fifo, taken) < 0 && errno != ENOENT)
		return fail(arguments, "cannot start container: %s: %s", fifo, strerror(errno));
	return let_go(arguments, &container, taken);
}
