/* kill: a signal to the container's init, by pidfd. Signals to all processes are left to Python. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

/* On cgroup v1 a frozen process dies only when it is thawed; cgroup v2 lets SIGKILL through. */
static void thaw(const struct container *container)
{
	const char *directory = cgroup_directory(container, "freezer");
	cleanup_close int descriptor = -1;
	char path[PATH_SIZE];
	int length;

	if (!directory || !is_frozen(container))
		return;
	length = snprintf(path, sizeof(path), "%s/freezer.state", directory);
	if (length < 0 || length >= (int)sizeof(path))
		return;
	descriptor = open(path, O_WRONLY | O_CLOEXEC);
	if (descriptor >= 0 && write(descriptor, "THAWED", 6) < 0)
		return; /* it was removed meanwhile: then nothing is frozen in it */
}

int send_signal(const struct arguments *arguments, const struct container *container, int descriptor, int signal)
{
	if (signal_process(descriptor, signal) < 0) {
		if (errno == ESRCH)
			return fail(arguments, "container not running");
		return fail(arguments, "unable to signal init: %s", errno == EINVAL ? "invalid argument" : strerror(errno));
	}
	if (signal == SIGKILL)
		thaw(container);
	return 0;
}

int verb_kill(const struct arguments *arguments)
{
	cleanup_container struct container container = { 0 };
	cleanup_close int descriptor = -1;
	int signal = signal_number(arguments->signal && *arguments->signal ? arguments->signal : "TERM");
	int code = read_container(arguments, &container);

	if (code != 0)
		return code;
	if (signal < 0 || container.pid == 0 || (container.shared_pids && signal == SIGKILL))
		return HAND_OVER;
	descriptor = open_process(&container);
	if (descriptor < 0) {
		if (errno == ENOSYS)
			return HAND_OVER;
		return fail(arguments, "container not running");
	}
	return send_signal(arguments, &container, descriptor, signal);
}
