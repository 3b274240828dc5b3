/* Bind mounts. A detached copy of the source gets its flags first and is attached then (open_tree, mount_setattr, move_mount:
 * Linux 5.2 and 5.12), so it is never seen without them. Older kernels bind and remount. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy_up.h"
#include "operations.h"
#include "paths.h"
#include "syscalls.h"

static uint64_t attributes_of(uint64_t flags)
{
	return (flags & MS_RDONLY ? MOUNT_ATTR_RDONLY_ : 0) | (flags & MS_NOSUID ? MOUNT_ATTR_NOSUID_ : 0) |
	       (flags & MS_NODEV ? MOUNT_ATTR_NODEV_ : 0) | (flags & MS_NOEXEC ? MOUNT_ATTR_NOEXEC_ : 0) |
	       (flags & MS_NOATIME ? MOUNT_ATTR_NOATIME_ : 0) | (flags & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME_ : 0) |
	       (flags & MS_NODIRATIME ? MOUNT_ATTR_NODIRATIME_ : 0) | (flags & MS_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW_ : 0);
}

#define ATIME_FLAGS (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)
#define FLAGS_OF_A_MOUNT (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME | MS_NOSYMFOLLOW | ATIME_FLAGS)

static int set_flags(int tree, uint64_t set, uint64_t cleared)
{
	struct mount_attributes attributes = {.set = attributes_of(set), .clear = attributes_of(cleared & ~set) & ~(uint64_t)MOUNT_ATTR_ATIME_};
	if (set & ATIME_FLAGS) /* access times are a choice of three, which must be cleared whole */
		attributes.clear |= MOUNT_ATTR_ATIME_;
	if (!attributes.set && !attributes.clear)
		return 0;
	return sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attributes);
}

/* By a remount, which drops what it does not repeat; where that is locked (user namespaces) dropping is refused. */
static int remount_with_flags(struct context *context, const struct wire_bind *fields)
{
	unsigned long set = (unsigned long)fields->flags & FLAGS_OF_A_MOUNT, kept;
	int mounted CLOSING = -1;
	if (!set && !fields->cleared)
		return 0;
	mounted = open_in_root(context, fields->target, O_PATH);
	if (mounted < 0)
		return fail("%s", fields->target);
	kept = mount_flags_of(mounted) & ~(unsigned long)fields->cleared;
	if (set & ATIME_FLAGS)
		kept &= ~ATIME_FLAGS;
	if (mount(NULL, path_of(mounted).text, NULL, MS_REMOUNT | MS_BIND | set | kept, NULL) < 0)
		return fail("flags of %s", fields->target);
	return 0;
}

static int bind_the_old_way(struct context *context, const struct wire_bind *fields, int target)
{
	unsigned long flags = MS_BIND | (fields->options & OPTION_MOUNT_RECURSIVE ? MS_REC : 0);
	if (mount(fields->source, path_of(target).text, NULL, flags, NULL) < 0)
		return fail("bind %s on %s", fields->source, fields->target);
	return remount_with_flags(context, fields);
}

/* Whether the source is a file tells what the target must be; a slot's source was opened by the launcher. */
static int source_is_file(int tree, const char *source, bool *is_file)
{
	struct stat info;
	if ((tree >= 0 ? fstat(tree, &info) : stat(source, &info)) < 0)
		return fail("%s", source);
	*is_file = !S_ISDIR(info.st_mode);
	return 0;
}

/* The copy that the launcher opened, else one of our own; -1 without a failure where neither can be had. */
static int open_source(struct context *context, const struct wire_bind *fields, int *tree)
{
	unsigned recursive = fields->options & OPTION_MOUNT_RECURSIVE ? AT_RECURSIVE_ : 0;
	if (fields->slot >= SLOTS)
		return fail_with(EINVAL, "no such slot");
	if (fields->slot >= 0 && context->trees[fields->slot] >= 0) {
		*tree = context->trees[fields->slot];
		return 0;
	}
	*tree = sys_open_tree(AT_FDCWD, fields->source, OPEN_TREE_CLONE_ | O_CLOEXEC | recursive);
	return *tree < 0 && errno != ENOSYS && errno != EPERM ? fail("open_tree %s", fields->source) : 0;
}

static int attach(struct context *context, const struct wire_bind *fields, int tree, int target)
{
	bool by_remount = set_flags(tree, (uint64_t)fields->flags, (uint64_t)fields->cleared) < 0;
	if (by_remount && errno != ENOSYS)
		return fail("flags of %s", fields->target);
	if (sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_) == 0)
		return by_remount ? remount_with_flags(context, fields) : 0;
	if (errno != ENOSYS || (fields->slot >= 0 && context->idmapped[fields->slot]))
		return fail("move_mount %s to %s", fields->source, fields->target);
	return bind_the_old_way(context, fields, target);
}

OPERATION(bind)
{
	int tree CLOSING = -1, target CLOSING = -1;
	bool is_file;
	if (open_source(context, fields, &tree) < 0 || source_is_file(tree, fields->source, &is_file) < 0)
		return -1;
	target = make_target(context, fields->target, is_file, true);
	if (target < 0 || check_target(target, fields->target, tree >= 0 ? is_procfs(tree) : is_procfs_path(fields->source)) < 0)
		return -1;
	return tree < 0 ? bind_the_old_way(context, fields, target) : attach(context, fields, tree, target);
}

static int write_map(struct context *context, pid_t pid, const char *name, const char *map)
{
	char path[64];
	int file CLOSING = -1;
	snprintf(path, sizeof path, "%d/%s", pid, name);
	file = openat(context->host_proc, path, O_WRONLY | O_CLOEXEC);
	return file < 0 || write(file, map, strlen(map)) < 0 ? fail("%s of an idmapped mount", name) : 0;
}

/* Until it is killed, or the launcher is. */
static _Noreturn void hold_namespace(pid_t launcher)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == launcher)
		pause();
	_exit(0);
}

/* A user namespace with the wanted mappings, held by a child that does nothing: mount_setattr takes its descriptor. */
static int mapping_namespace(struct context *context, const char *uid_map, const char *gid_map)
{
	char path[64];
	int result = -1;
	pid_t launcher = getpid();
	struct clone_arguments arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t child = sys_clone3(&arguments);
	if (child < 0 && (errno == ENOSYS || errno == EPERM))
		child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		hold_namespace(launcher);
	if (child < 0)
		return fail("clone of a user namespace for an idmapped mount");
	if (write_map(context, child, "uid_map", uid_map) == 0 && write_map(context, child, "gid_map", gid_map) == 0) {
		snprintf(path, sizeof path, "%d/ns/user", child);
		result = openat(context->host_proc, path, O_RDONLY | O_CLOEXEC);
		if (result < 0)
			note_failure(errno, "open /proc/%s", path);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return result;
}

/* Maps the ids of a tree: by a user namespace that exists, or by maps. */
static int map_tree(struct context *context, const struct wire_open_tree *fields, int tree)
{
	struct mount_attributes attributes = {.set = MOUNT_ATTR_IDMAP_};
	int namespace CLOSING = -1;
	if (fields->user_namespace) {
		namespace = open(fields->user_namespace, O_RDONLY | O_CLOEXEC);
		if (namespace < 0)
			return fail("open %s", fields->user_namespace);
	} else {
		namespace = mapping_namespace(context, fields->uid_map, fields->gid_map);
		if (namespace < 0)
			return -1;
	}
	attributes.userns_fd = (uint64_t)namespace;
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | (fields->mapping_recursive ? AT_RECURSIVE_ : 0), &attributes) < 0)
		return fail("idmapped mount of %s (does its file system support it?)", fields->source);
	return 0;
}

OPERATION(open_tree)
{
	unsigned recursive = fields->recursive ? AT_RECURSIVE_ : 0;
	int tree;
	if (fields->slot < 0 || fields->slot >= SLOTS)
		return fail_with(EINVAL, "no such slot");
	tree = sys_open_tree(AT_FDCWD, fields->source, OPEN_TREE_CLONE_ | O_CLOEXEC | recursive);
	context->idmapped[fields->slot] = fields->user_namespace || (fields->uid_map && fields->gid_map);
	/* a kernel before 5.2, or somebody else's mount namespace: init binds by the path */
	if (tree < 0 && (errno == ENOSYS || errno == EPERM) && !context->idmapped[fields->slot])
		return 0;
	if (tree < 0)
		return fail("open_tree %s", fields->source);
	context->trees[fields->slot] = tree;
	return context->idmapped[fields->slot] ? map_tree(context, fields, tree) : 0;
}
