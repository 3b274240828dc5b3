/* The status of a container: derived from the kernel each time, as state/status.py does. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <stdio.h>

#include "front.h"

const char *status_name(enum status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };

	return names[status];
}

static bool starts(const char *directory, const char *file, const char *start)
{
	char path[PATH_SIZE];
	char text[64];
	int length = snprintf(path, sizeof(path), "%s/%s", directory, file);

	if (length < 0 || length >= (int)sizeof(path) || !read_text(path, text, sizeof(text)))
		return false;
	return strncmp(text, start, strlen(start)) == 0;
}

bool is_frozen(const struct container *container)
{
	const char *directory = cgroup_directory(container, "freezer");

	if (directory)
		return starts(directory, "freezer.state", "FR"); /* FROZEN, FREEZING */
	directory = cgroup_directory(container, "unified");
	return directory && starts(directory, "cgroup.freeze", "1");
}

/* Also if a start was killed after it had taken the FIFO: init reads from it until it is the user's program. */
static bool waits_for_start(const struct container *container)
{
	struct stat information;
	char path[PATH_SIZE];

	if (path_in(container, "exec.fifo", path) && stat(path, &information) == 0)
		return true;
	if (!path_in(container, "exec.fifo.taken", path))
		return false;
	cleanup_close int descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return descriptor >= 0;
}

enum status status_of(const struct container *container)
{
	if (container->pid == 0)
		return CREATING;
	if (!is_alive(container))
		return STOPPED;
	if (is_frozen(container))
		return PAUSED;
	return waits_for_start(container) ? CREATED : RUNNING;
}
