/* Hooks that run inside: createContainer before pivot_root, startContainer after it. Each is a program that gets the state
 * of the container on its stdin (runtime-spec, "POSIX-platform Hooks"). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "operations.h"
#include "syscalls.h"

static _Noreturn void become_hook(const struct wire_run_hook *fields, int input)
{
	char *const without_arguments[] = {(char *)fields->path, NULL};
	reset_signals();
	if (dup2(input, 0) < 0 || chdir("/") < 0)
		_exit(126);
	execve(fields->path, fields->args.count ? (char *const *)fields->args.items : without_arguments, (char *const *)fields->env.items);
	_exit(errno == ENOENT ? 127 : 126);
}

/* A hook inside is told the pid as the container sees it (runtime-spec, "State"). One that does not read its stdin closes
 * it, which is no error: SIGPIPE is ignored, and EPIPE is skipped. */
static int give_state(const struct wire_run_hook *fields, int output)
{
	char pid[16];
	int length = snprintf(pid, sizeof pid, "%d", getpid());
	struct { const void *data; size_t length; } parts[] = {
		{fields->head.data, fields->head.length}, {pid, (size_t)length}, {fields->tail.data, fields->tail.length},
	};
	for (size_t i = 0; i < 3; i++)
		for (size_t done = 0; done < parts[i].length;) {
			ssize_t written = write(output, (const char *)parts[i].data + done, parts[i].length - done);
			if (written < 0 && errno != EINTR)
				return errno == EPIPE ? 0 : fail("state for the hook");
			done += written > 0 ? (size_t)written : 0;
		}
	return 0;
}

/* Without a pidfd (Linux before 5.3) only looking again and again has a time limit. */
static bool ends_without_pidfd(pid_t child, int64_t timeout)
{
	const struct timespec interval = {.tv_nsec = 10 * 1000 * 1000};
	siginfo_t info;
	for (int64_t looks = timeout * 100; looks > 0; looks--) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == child)
			return true;
		nanosleep(&interval, NULL);
	}
	return false;
}

/* Waits on a pidfd, whose end is readable. timeout: seconds. */
static bool ends_within(pid_t child, int64_t timeout)
{
	int process CLOSING = sys_pidfd_open(child, 0);
	struct pollfd one = {.fd = process, .events = POLLIN};
	if (process < 0)
		return ends_without_pidfd(child, timeout);
	return poll(&one, 1, (int)(timeout * 1000)) != 0;
}

/* Ends within the timeout, or is killed. */
static int wait_for_hook(pid_t child, const struct wire_run_hook *fields)
{
	int status = 0;
	int64_t timeout = fields->timeout > 1000000 ? 1000000 : fields->timeout;
	if (timeout > 0 && !ends_within(child, timeout)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return fail_with(ETIME, "%s hook %s did not end in %lld s", fields->kind, fields->path, (long long)fields->timeout);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail("wait for the hook");
	if (WIFSIGNALED(status))
		return fail_with(ECHILD, "%s hook %s was killed by signal %d", fields->kind, fields->path, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return fail_with(ECHILD, "%s hook %s: exit status %d", fields->kind, fields->path, WEXITSTATUS(status));
	return 0;
}

OPERATION(run_hook)
{
	int ends[2];
	pid_t child;
	int given;
	(void)context;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("pipe for the hook");
	child = fork();
	if (child == 0)
		become_hook(fields, ends[0]);
	close(ends[0]);
	if (child < 0) {
		close(ends[1]);
		return fail("fork for the hook");
	}
	given = give_state(fields, ends[1]);
	close(ends[1]);
	return wait_for_hook(child, fields) < 0 || given < 0 ? -1 : 0;
}
