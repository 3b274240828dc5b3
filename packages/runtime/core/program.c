/* The last steps: working directory, descriptors, the user's program. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operations.h"
#include "paths.h"
#include "syscalls.h"

#define HIGHEST_LEAKED 65536

/* A directory outside of the root has a path that begins with "(unreachable)", not with "/" (getcwd(2)): such a one could only
 * be reached by a leaked descriptor (CVE-2024-21626). */
OPERATION(change_directory)
{
	char path[PATH_MAX];
	if (context->in_directory)
		return 0;
	close_descriptor(&context->rootfs); /* so that no /proc/self/fd/N leads anywhere: nothing is resolved in it any more */
	context->rootfs = -1;
	if (chdir(fields->path) < 0)
		return errno == EACCES && fields->options & OPTION_DIRECTORY_MAY_BE_DENIED ? 0 : fail("chdir %s", fields->path);
	context->in_directory = true;
	if (syscall(SYS_getcwd, path, sizeof path) < 0)
		return fail("getcwd in %s", fields->path);
	return path[0] == '/' ? 0 : fail_with(EINVAL, "%s is outside of the container", fields->path);
}

/* Executable as the kernel would say: a file, and permitted to this process's ids. */
static int check_program(const char *path)
{
	struct stat info;
	if (stat(path, &info) < 0)
		return -1;
	if (S_ISDIR(info.st_mode)) {
		errno = EACCES;
		return -1;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

OPERATION(find_program)
{
	char path[PATH_MAX];
	int error = ENOENT;
	const char *part = fields->search;
	if (strchr(fields->name, '/')) {
		if (check_program(fields->name) < 0)
			return fail("%s", fields->name);
		context->program = strdup(fields->name);
		return 0;
	}
	if (!*part)
		return fail_with(ENOENT, "%s", fields->name); /* no PATH: nothing to look in, not even here */
	for (;; part++) {
		size_t length = strcspn(part, ":");
		int used = snprintf(path, sizeof path, "%.*s/%s", (int)(length ? length : 1), length ? part : ".", fields->name);
		if (fields->name[0] && used > 0 && (size_t)used < sizeof path && check_program(path) == 0) {
			context->program = strdup(path);
			return 0;
		}
		if (errno == EACCES)
			error = EACCES;
		part += length;
		if (!*part)
			return fail_with(error == EACCES ? EACCES : ENOENT, "%s", fields->name);
	}
}

/* A loop without close_range(2): before Linux 5.9, or by a filter that does not know it. */
static void close_between(int first, int last)
{
	if (first > last || sys_close_range((unsigned)first, (unsigned)last, 0) == 0)
		return;
	for (int number = first; number <= last && number < HIGHEST_LEAKED; number++)
		close(number);
}

/* All but what init talks with until execve, which closes that. Really closed, and before the program is looked for: a
 * directory of the host, one of ours or one that our caller leaked, would lead execve to the host's programs by
 * /proc/self/fd/N/../.., close-on-exec or not (CVE-2024-21626). */
OPERATION(close_descriptors)
{
	const int in_use[] = {context->messages, context->go, context->fifo, context->listener};
	for (int first = (int)fields->first;;) {
		int next = INT_MAX;
		for (size_t i = 0; i < sizeof in_use / sizeof *in_use; i++)
			if (in_use[i] >= first && in_use[i] < next)
				next = in_use[i];
		close_between(first, next - 1);
		if (next == INT_MAX)
			break;
		first = next + 1;
	}
	context->host_proc = context->cgroup = -1;
	return 0;
}

OPERATION(set_environment_home)
{
	char *line = NULL, *copy;
	size_t size = 0;
	int descriptor = open_in_root(context, "/etc/passwd", O_RDONLY | O_NONBLOCK);
	FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
	context->home = "HOME=/";
	if (!file)
		return 0; /* no passwd in the image: as runc does, HOME is / */
	while (getline(&line, &size, file) > 0) {
		char home[PATH_MAX] = "";
		long long uid = -1;
		if (sscanf(line, "%*[^:]:%*[^:]:%lld:%*[^:]:%*[^:]:%4095[^:\n]", &uid, home) < 2) {
			/* fields may be empty, which scanf cannot skip: count colons instead */
			char *at = line, *starts[7] = {line};
			int count = 1;
			line[strcspn(line, "\n")] = 0;
			for (; (at = strchr(at, ':')) && count < 7; count++) {
				*at++ = 0;
				starts[count] = at;
			}
			if (count < 6)
				continue;
			uid = strtoll(starts[2], NULL, 10);
			snprintf(home, sizeof home, "%s", starts[5]);
		}
		if (uid == fields->uid && home[0] && asprintf(&copy, "HOME=%s", home) > 0) {
			context->home = copy;
			break;
		}
	}
	free(line);
	fclose(file);
	return 0;
}

void reset_signals(void)
{
	const struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } plain = {0}; /* SIG_DFL */
	sigset_t none;
	sigemptyset(&none);
	/* not signal(3), which keeps 32 and 33 for libc; KILL and STOP refuse, which is as well */
	for (int number = 1; number < NSIG; number++)
		syscall(SYS_rt_sigaction, number, &plain, NULL, NSIG / 8);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

OPERATION(execute)
{
	size_t count = fields->env.count;
	const char **environment = calloc(count + 2, sizeof *environment);
	if (!environment)
		return fail("no memory for the environment");
	for (size_t i = 0; i < count; i++)
		environment[i] = fields->env.items[i];
	if (context->home)
		environment[count] = context->home;
	if (!context->program)
		return fail_with(ENOENT, "the plan looked for no program");
	reset_signals();
	execve(context->program, (char *const *)fields->args.items, (char *const *)environment);
	return fail("execve %s", context->program);
}
