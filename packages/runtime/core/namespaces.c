/* Operations on namespaces: new ones are flags of the clone, existing ones are joined before it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operations.h"
#include "syscalls.h"

/* /proc/PID of this process, and of init after it, becomes root's: who is in the namespace already cannot take what the
 * process has open (CVE-2016-9962). */
static void hide_from_neighbours(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

OPERATION(join_namespace)
{
	int namespace CLOSING = open(fields->path, O_RDONLY | O_CLOEXEC);
	(void)context;
	if (namespace < 0)
		return fail("open %s", fields->path);
	hide_from_neighbours();
	return setns(namespace, (int)fields->type) < 0 ? fail("setns to %s", fields->path) : 0;
}

OPERATION(new_namespaces)
{
	if (context->made & ~(uint64_t)fields->flags)
		return fail_with(EINVAL, "the launcher has made namespaces that the plan does not ask for");
	context->namespaces |= (uint64_t)fields->flags & ~context->made;
	return 0;
}

static int write_in_proc(struct context *context, const char *name, const char *text)
{
	char path[64];
	int file CLOSING = -1;
	if (context->init)
		snprintf(path, sizeof path, "%d/%s", context->init, name);
	else
		snprintf(path, sizeof path, "self/%s", name);
	file = openat(context->host_proc, path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, text, strlen(text)) < 0)
		return fail("write %s", name);
	return 0;
}

#define MAP_WORDS 1024

/* newuidmap PID INSIDE OUTSIDE SIZE...: the set-uid programs of the host write what an ordinary user may not. */
static int run_map_tool(const char *tool, pid_t pid, const char *map)
{
	char number[16], *words[MAP_WORDS + 3] = {(char *)tool, number}, *copy = strdup(map), *rest = NULL;
	int count = 2, status;
	pid_t child;
	if (!copy)
		return fail("no memory for the mapping");
	snprintf(number, sizeof number, "%d", pid);
	for (char *word = strtok_r(copy, " \n", &rest); word && count < MAP_WORDS; word = strtok_r(NULL, " \n", &rest))
		words[count++] = word;
	words[count] = NULL;
	child = fork();
	if (child < 0)
		return fail("fork for %s", tool);
	if (child == 0) {
		char *const environment[] = {NULL};
		execve(tool, words, environment);
		_exit(127);
	}
	free(copy);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail("wait for %s", tool);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail_with(EPERM, "%s refused the mapping (see /etc/subuid and /etc/subgid)", tool);
	return 0;
}

/* setgroups before gid_map: an unprivileged writer must give up setgroups first (user_namespaces(7)). */
OPERATION(map_ids)
{
	if (fields->uid_tool ? run_map_tool(fields->uid_tool, context->init, fields->uid_map)
			     : write_in_proc(context, "uid_map", fields->uid_map))
		return -1;
	if (fields->setgroups && write_in_proc(context, "setgroups", fields->setgroups) < 0)
		return -1;
	if (fields->gid_tool ? run_map_tool(fields->gid_tool, context->init, fields->gid_map)
			     : write_in_proc(context, "gid_map", fields->gid_map))
		return -1;
	return 0;
}

/* While /proc/PID is root's (hide_from_neighbours), root of a user namespace may not write to its own file there. */
static int write_own(struct context *context, const char *name, const char *text)
{
	int dumpable = prctl(PR_GET_DUMPABLE), result;
	prctl(PR_SET_DUMPABLE, 1);
	result = write_in_proc(context, name, text);
	prctl(PR_SET_DUMPABLE, dumpable == 1);
	return result;
}

/* Offsets can be set only while no process is in the namespace: unshare makes it for children, and then we enter it too. */
int enter_new_time_namespace(struct context *context, const char *offsets)
{
	int namespace CLOSING = -1;
	if (unshare(CLONE_NEWTIME) < 0)
		return fail("unshare of the time namespace");
	if (offsets && write_own(context, "timens_offsets", offsets) < 0)
		return -1;
	namespace = openat(context->host_proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (namespace < 0 || setns(namespace, CLONE_NEWTIME) < 0)
		return fail("enter the time namespace");
	return 0;
}

OPERATION(time_offsets)
{
	return enter_new_time_namespace(context, fields->offsets);
}

static const struct { uint64_t flag; const char *name; } kinds[] = {
	{CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWNET, "net"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWCGROUP, "cgroup"},
	{CLONE_NEWTIME, "time"}, {CLONE_NEWNS, "mnt"}, {CLONE_NEWUSER, "user"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* Opened before any is joined: once in another mount namespace, or another user, some could not be. */
static int open_namespaces(struct context *context, pid_t pid, uint64_t flags, int opened[KINDS])
{
	char path[64];
	for (size_t i = 0; i < KINDS; i++) {
		if (!(flags & kinds[i].flag))
			continue;
		snprintf(path, sizeof path, "%d/ns/%s", pid, kinds[i].name);
		opened[i] = openat(context->host_proc, path, O_RDONLY | O_CLOEXEC);
		if (opened[i] < 0)
			return fail("open /proc/%s", path);
	}
	return 0;
}

/* First what the caller's privileges allow, since some may be of the host's user namespace; then the user namespace; then what
 * the privileges in that allow. With a pidfd the kernel does it in one go. */
static int join_one_by_one(struct context *context, pid_t pid, uint64_t flags)
{
	int opened[KINDS];
	memset(opened, -1, sizeof opened);
	if (open_namespaces(context, pid, flags, opened) < 0)
		return -1;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < KINDS; i++) {
			if (opened[i] < 0)
				continue;
			if (setns(opened[i], (int)kinds[i].flag) == 0) {
				close_descriptor(&opened[i]);
				opened[i] = -1;
			} else if (errno != EPERM || round > 0) {
				return fail("setns to the %s namespace", kinds[i].name);
			}
		}
	return 0;
}

/* All namespaces of a process at once: setns with a pidfd (Linux 5.8). */
static int join_all(struct context *context, pid_t pid, int process, uint64_t flags)
{
	if (!flags || (process >= 0 && setns(process, (int)flags) == 0))
		return 0;
	if (process >= 0 && errno != EINVAL)
		return fail("setns to the namespaces of process %d", pid);
	return join_one_by_one(context, pid, flags);
}

OPERATION(join_process)
{
	pid_t pid = (pid_t)fields->pid;
	int process CLOSING = sys_pidfd_open(pid, 0);
	hide_from_neighbours();
	if (process < 0 && errno != ENOSYS)
		return fail("pidfd_open of %d", pid);
	if (start_time_of(context, pid) != fields->start_time) /* after pidfd_open: from here it stays this process */
		return fail_with(ESRCH, "process %d is not the container's any more", pid);
	if (join_all(context, pid, process, (uint64_t)fields->flags) < 0)
		return -1;
	context->rootfs = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); /* that of the mount namespace that was joined */
	return context->rootfs < 0 ? fail("open / of the container") : 0;
}

OPERATION(unshare_namespaces)
{
	(void)context;
	return unshare((int)fields->flags) < 0 ? fail("unshare") : 0;
}

OPERATION(become_root)
{
	bool dumpable = prctl(PR_GET_DUMPABLE) == 1;
	(void)context;
	/* EPERM: setgroups is denied in this user namespace, and the groups stay as they are */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return fail("setgroups");
	if (setresgid((gid_t)fields->gid, (gid_t)fields->gid, (gid_t)fields->gid) < 0)
		return fail("setresgid %lld", (long long)fields->gid);
	if (setresuid((uid_t)fields->uid, (uid_t)fields->uid, (uid_t)fields->uid) < 0)
		return fail("setresuid %lld", (long long)fields->uid);
	/* changing ids clears the death signal (prctl(2)) and, on a set-id, dumpability: /proc/self must stay ours, or hidden */
	prctl(PR_SET_PDEATHSIG, 9);
	return prctl(PR_SET_DUMPABLE, dumpable) < 0 ? fail("PR_SET_DUMPABLE") : 0;
}
