/* The launcher: works in the caller's namespaces with the caller's privileges, clones init, and attends to it.
 *
 *   launcher operations ─► clone3 ─► `pid` to the controller ─► mapping operations ─► init may go
 *                                                             ─► attend operations when init asks ─► exit
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"
#include "syscalls.h"

const struct operation *find_operation(const struct plan *plan, enum wire_operation number)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->operations[i].number == number)
			return &plan->operations[i];
	return NULL;
}

int execute_step(struct context *context, enum wire_step step)
{
	for (size_t i = 0; i < context->plan->count; i++) {
		const struct operation *operation = &context->plan->operations[i];
		if (operation->step != step)
			continue;
		if (execute_operation(context, operation) < 0) {
			report(context, MESSAGE_FAILED, (int)i, failure_errno(), 0, 0, failure_text());
			return -1;
		}
	}
	return 0;
}

/* The host's /proc, and no file system that only stands there (CVE-2019-16884 and its kin). */
static int open_host_proc(void)
{
	struct statfs info;
	int descriptor = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return fail("open /proc");
	if (fstatfs(descriptor, &info) < 0 || info.f_type != PROC_MAGIC) {
		close(descriptor);
		return fail_with(EINVAL, "/proc of the host is not procfs");
	}
	return descriptor;
}

static int connect_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int descriptor;
	if (strlen(path) >= sizeof address.sun_path)
		return fail_with(ENAMETOOLONG, "socket %s", path);
	strcpy(address.sun_path, path);
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return fail("socket");
	if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
		close_descriptor(&descriptor);
		return fail("connect to %s", path);
	}
	return descriptor;
}

/* What has a path on the host is opened here, before the namespaces change; init inherits the descriptors. */
static int open_for_init(struct context *context, const struct operation *operation)
{
	const char *path;
	switch (operation->number) {
	case OPERATION_WAIT_START:
		path = ((const struct wire_wait_start *)operation->fields)->fifo;
		/* for reading and writing, so that it neither blocks nor ends when a writer goes */
		context->fifo = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		return context->fifo < 0 ? fail("open %s", path) : 0;
	case OPERATION_OPEN_CONSOLE:
		path = ((const struct wire_open_console *)operation->fields)->socket;
		if (path)
			context->console = connect_socket(path);
		else
			context->console = (int)((const struct wire_open_console *)operation->fields)->descriptor;
		return context->console < 0 ? fail("the console has no socket") : fcntl(context->console, F_SETFD, FD_CLOEXEC);
	case OPERATION_LOAD_SECCOMP:
		path = ((const struct wire_load_seccomp *)operation->fields)->listener;
		if (path && (context->listener = connect_socket(path)) < 0)
			return -1;
		return 0;
	default:
		return 0;
	}
}

static int open_all_for_init(struct context *context)
{
	context->host_proc = open_host_proc();
	if (context->host_proc < 0) {
		report(context, MESSAGE_FAILED, -1, failure_errno(), 0, 0, failure_text());
		return -1;
	}
	for (size_t i = 0; i < context->plan->count; i++)
		if (open_for_init(context, &context->plan->operations[i]) < 0) {
			report(context, MESSAGE_FAILED, (int)i, failure_errno(), 0, 0, failure_text());
			return -1;
		}
	return 0;
}

/* clone(2) for kernels before 5.3, and seccomp profiles that know no clone3: the cgroup is joined by hand before. */
static pid_t clone_without_clone3(struct context *context)
{
	if (context->cgroup >= 0) {
		int procs CLOSING = openat(context->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (procs < 0 || write(procs, "0", 1) < 0)
			return fail("cgroup.procs of the container's cgroup");
	}
	/* CLONE_NEWTIME is among the bits of the exit signal here: init makes that one itself */
	context->late_time = context->namespaces & CLONE_NEWTIME;
	return (pid_t)syscall(SYS_clone, (context->namespaces & ~(uint64_t)CLONE_NEWTIME) | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}

/* CLONE_PARENT makes init a child of the controller, so that it can wait for it, and of the nearest subreaper later;
 * the exit signal is then the launcher's own, SIGCHLD. */
static pid_t clone_init(struct context *context)
{
	struct clone_arguments arguments = {.flags = context->namespaces | CLONE_PARENT};
	pid_t pid;
	if (context->cgroup >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)context->cgroup;
	}
	pid = sys_clone3(&arguments);
	/* E2BIG: before 5.7, no cgroup in the struct; EPERM also by old seccomp profiles around us */
	if (pid < 0 && (errno == ENOSYS || errno == E2BIG || errno == EPERM))
		pid = clone_without_clone3(context);
	return pid < 0 ? fail("clone") : pid;
}

/* Field 22 of /proc/PID/stat, in clock ticks since boot; 0 if it cannot be read. */
int64_t start_time_of(struct context *context, pid_t pid)
{
	char path[32], text[1024], *at;
	ssize_t length;
	int stat CLOSING = -1;
	snprintf(path, sizeof path, "%d/stat", pid);
	stat = openat(context->host_proc, path, O_RDONLY | O_CLOEXEC);
	length = stat < 0 ? -1 : read(stat, text, sizeof text - 1);
	if (length <= 0)
		return 0;
	text[length] = 0;
	at = strrchr(text, ')'); /* the name before may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at + 1, NULL, 10) : 0;
}

/* Waits until init asks, or has closed its end; -1 if the controller is gone. It need not be our parent, whose death ends us. */
static int wait_for_init(const struct context *context, int socket)
{
	struct pollfd events[] = {{.fd = socket, .events = POLLIN}, {.fd = context->messages}};
	while (poll(events, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	return events[1].revents & POLLERR ? -1 : 0;
}

/* Serves init until it closes its end: each byte asks for the `attend` operations, and is answered by one. */
static int attend(struct context *context, int socket)
{
	char byte;
	ssize_t got;
	while (wait_for_init(context, socket) == 0 && (got = read(socket, &byte, 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || execute_step(context, STEP_ATTEND) < 0)
			return -1;
		if (write(socket, &byte, 1) != 1)
			return 0; /* init died; the controller learns it from the end of its messages */
	}
	return 0;
}

static int follow_init(struct context *context, int socket)
{
	pid_t pid = context->init;
	report(context, MESSAGE_PID, -1, 0, pid, start_time_of(context, pid), NULL);
	/* init learns its pid as the caller sees it: the seccomp listener is told that one */
	if (execute_step(context, STEP_MAPPING) < 0 || write(socket, &pid, sizeof pid) != sizeof pid)
		return -1;
	if (!find_operation(context->plan, OPERATION_ASK_LAUNCHER))
		return 0;
	return attend(context, socket);
}

int run_launcher(struct context *context)
{
	int sockets[2];
	if (open_all_for_init(context) < 0 || execute_step(context, STEP_LAUNCHER) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
		report(context, MESSAGE_FAILED, -1, errno, 0, 0, "socketpair");
		return -1;
	}
	context->init = clone_init(context);
	if (context->init == 0) {
		close(sockets[0]);
		context->launcher = sockets[1];
		run_init(context);
	}
	close(sockets[1]);
	if (context->init < 0) {
		const struct operation *cause = find_operation(context->plan, OPERATION_NEW_NAMESPACES);
		report(context, MESSAGE_FAILED, cause ? index_of(context, cause) : -1, failure_errno(), 0, 0, failure_text());
		return -1;
	}
	return follow_init(context, sockets[0]);
}
