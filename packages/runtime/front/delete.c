/*
 * delete: a container that has stopped, or that --force kills, with nothing special about it: its cgroups are
 * empty directories, and its state directory holds only the files that we know. All else is left to Python, which
 * can take up at any point.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "front.h"

#define KILL_TIMEOUT 10000 /* milliseconds, as runc waits */
#define BUSY_ATTEMPTS 6 /* 1 + 2 + 4 + ... milliseconds in all */

/* In the order of their removal: what tells of the container goes late, the lock last. */
static const char *const known_files[] = {
	"exec.fifo", "exec.fifo.taken", "config.json.new", "state.new", "config.json", "state", "lock",
};
#define KNOWN_FILE_COUNT (sizeof(known_files) / sizeof(known_files[0]))

static bool is_known(const char *name)
{
	for (size_t index = 0; index < KNOWN_FILE_COUNT; index++) {
		if (strcmp(name, known_files[index]) == 0)
			return true;
	}
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool holds_only_known_files(const char *directory)
{
	DIR *stream = opendir(directory);
	bool known = stream != NULL;

	if (!stream)
		return false;
	for (struct dirent *entry = readdir(stream); entry && known; entry = readdir(stream))
		known = is_known(entry->d_name);
	closedir(stream);
	return known;
}

static void pause_for(int milliseconds)
{
	poll(NULL, 0, milliseconds);
}

/* A cgroup stays busy until the kernel has taken the last dead process out of it. */
static bool remove_cgroup(const char *directory)
{
	for (int attempt = 0; attempt < BUSY_ATTEMPTS; attempt++) {
		if (rmdir(directory) == 0 || errno == ENOENT)
			return true;
		if (errno != EBUSY)
			return false;
		pause_for(1 << attempt);
	}
	return false;
}

static bool remove_files(const struct container *container)
{
	char path[PATH_SIZE];

	for (size_t index = 0; index < KNOWN_FILE_COUNT; index++) {
		if (!path_in(container, known_files[index], path))
			return false;
		if (unlink(path) < 0 && errno != ENOENT)
			return false;
	}
	return rmdir(container->directory) == 0 || errno == ENOENT;
}

/* 0 if it is dead, an exit code, or HAND_OVER. */
static int kill_and_wait(const struct arguments *arguments, const struct container *container)
{
	cleanup_close int descriptor = open_process(container);
	struct pollfd ended = { .fd = descriptor, .events = POLLIN };

	if (descriptor < 0)
		return errno == ESRCH ? 0 : HAND_OVER;
	if (signal_process(descriptor, SIGKILL) < 0)
		return errno == ESRCH ? 0 : HAND_OVER;
	if (is_frozen(container) && send_signal(arguments, container, descriptor, SIGKILL) != 0)
		return 1;
	if (poll(&ended, 1, KILL_TIMEOUT) != 1)
		return fail(arguments, "container init still running");
	return 0;
}

static bool take_lock(const struct container *container, int *descriptor)
{
	char path[PATH_SIZE];

	if (!path_in(container, "lock", path))
		return false;
	*descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return *descriptor >= 0 && flock(*descriptor, LOCK_EX | LOCK_NB) == 0;
}

/* Before we had the lock somebody may have deleted the container, and made another one of its name. */
static bool is_still_there(const struct arguments *arguments, const struct container *container)
{
	cleanup_container struct container now = { 0 };

	return read_container(arguments, &now) == 0 && now.pid == container->pid && now.start_time == container->start_time &&
	       now.created && container->created && strcmp(now.created, container->created) == 0;
}

static bool is_simple(const struct container *container)
{
	if (container->pid == 0 || container->shared_pids || container->needs_python || has_hook(container, "poststop"))
		return false;
	return holds_only_known_files(container->directory);
}

int verb_delete(const struct arguments *arguments)
{
	cleanup_container struct container container = { 0 };
	cleanup_close int lock = -1;
	enum status status;
	int code = read_container(arguments, &container);

	if (code != 0)
		return code;
	status = status_of(&container);
	if (!arguments->force && (status == RUNNING || status == PAUSED))
		return fail(arguments, "cannot delete container %s that is not stopped: %s", container.id, status_name(status));
	if (!is_simple(&container) || !take_lock(&container, &lock) || !is_still_there(arguments, &container))
		return HAND_OVER;
	if (status != STOPPED)
		code = kill_and_wait(arguments, &container);
	if (code != 0)
		return code;
	for (size_t index = 0; index < container.cgroup_count; index++) {
		if (!remove_cgroup(container.cgroups[index].directory))
			return HAND_OVER;
	}
	return remove_files(&container) ? 0 : HAND_OVER;
}
