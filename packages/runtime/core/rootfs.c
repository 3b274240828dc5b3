/* Operations on the root file system as a whole: opening it, making it the root. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mount_table.h"
#include "move_root.h"
#include "operations.h"
#include "paths.h"
#include "syscalls.h"

/* Of all mounts, as this mount namespace was made. */
static int set_propagation_of_all(struct context *context, const char *target, unsigned long flags)
{
	if (mount(NULL, target, NULL, flags, NULL) < 0)
		return fail("mount %s", target);
	context->nothing_shared = (flags & MS_REC) && (flags & (MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE));
	return 0;
}

OPERATION(set_propagation)
{
	int target CLOSING = -1;
	if (context->rootfs < 0)
		return set_propagation_of_all(context, fields->target, (unsigned long)fields->flags);
	target = open_in_root(context, fields->target, O_PATH);
	if (target < 0)
		return fail("%s", fields->target);
	if (mount(NULL, path_of(target).text, NULL, (unsigned long)fields->flags, NULL) < 0)
		return fail("propagation of %s", fields->target);
	return 0;
}

/* The mount that holds a path: the longest mount point that it begins with; of several there the last. */
static int find_mount_of(struct context *context, const char *path, char *found, bool *shared)
{
	static struct mount_entry entry;
	size_t best = 0;
	FILE *table = open_mount_table(context);
	if (!table)
		return -1;
	while (next_mount(table, &entry)) {
		size_t length = strcmp(entry.point, "/") == 0 ? 0 : strlen(entry.point);
		if (is_below(path, entry.point) && length >= best) {
			best = length;
			strcpy(found, entry.point);
			*shared = is_shared_mount(&entry);
		}
	}
	fclose(table);
	return 0;
}

/* pivot_root needs a new root that is a mount point, and a parent mount that is not shared: else EINVAL. The parent is made
 * private, not only slave, so that nothing of ours reaches the host through it. To look for it takes long where there are many
 * mounts. */
OPERATION(open_rootfs)
{
	char parent[PATH_MAX] = "/";
	bool shared = false;
	if (!(fields->flags & OPTION_ROOTFS_NO_BIND)) {
		if (!context->nothing_shared && find_mount_of(context, fields->path, parent, &shared) < 0)
			return -1;
		if (shared && mount(NULL, parent, NULL, MS_PRIVATE, NULL) < 0)
			return fail("make %s private", parent);
		if (mount(fields->path, fields->path, NULL, MS_BIND | MS_REC, NULL) < 0)
			return fail("bind %s over itself", fields->path);
	}
	context->rootfs = open(fields->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return context->rootfs < 0 ? fail("open %s", fields->path) : 0;
}

/* pivot_root(".", ".") stacks the old root on the new one, so that no directory for it is needed (pivot_root(2)). It is made a
 * slave first: its unmounting must not reach the host. */
static int pivot(struct context *context)
{
	int old CLOSING = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || fchdir(context->rootfs) < 0)
		return fail("enter the rootfs");
	if (sys_pivot_root(".", ".") < 0)
		return fail("pivot_root");
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return fail("make the old root a slave");
	if (umount2(".", MNT_DETACH) < 0)
		return fail("unmount the old root");
	return chdir("/") < 0 ? fail("chdir /") : 0;
}

static int only_chroot(struct context *context)
{
	if (fchdir(context->rootfs) < 0 || chroot(".") < 0)
		return fail("chroot");
	return chdir("/") < 0 ? fail("chdir /") : 0;
}

static bool is_null_device(int descriptor)
{
	struct stat info;
	return fstat(descriptor, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

/* Standard streams that are the host's null device become the container's: nothing of the host's file system stays open in
 * it, so that it can be checkpointed. A container without that device keeps the host's. */
static int reopen_null_streams(struct context *context)
{
	int null CLOSING = -1;
	for (int number = 0; number < 3; number++) {
		if (!is_null_device(number))
			continue;
		if (null < 0)
			null = open_in_root_nofollow(context, "/dev/null", O_RDWR);
		if (null < 0 || !is_null_device(null))
			return 0;
		if (dup2(null, number) < 0)
			return fail("open /dev/null of the container again");
	}
	return 0;
}

OPERATION(pivot_root)
{
	int result;
	if (fields->options & OPTION_PIVOT_CHROOT)
		result = only_chroot(context);
	else
		result = fields->options & OPTION_PIVOT_MOVE ? move_root(context) : pivot(context);
	if (result < 0)
		return -1;
	close(context->rootfs);
	context->rootfs = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (context->rootfs < 0)
		return fail("open the new root");
	context->pivoted = true;
	/* the working directory goes back to the host's procfs, by which descriptors are named */
	if (fchdir(context->host_proc) < 0)
		return fail("fchdir to /proc of the host");
	return reopen_null_streams(context);
}

/* A remount of a mount drops what it does not repeat, and in a user namespace dropping is refused: flags are kept. */
unsigned long mount_flags_of(int descriptor)
{
	struct statvfs info;
	unsigned long flags = 0;
	if (fstatvfs(descriptor, &info) < 0)
		return 0;
	flags |= info.f_flag & ST_RDONLY ? MS_RDONLY : 0;
	flags |= info.f_flag & ST_NOSUID ? MS_NOSUID : 0;
	flags |= info.f_flag & ST_NODEV ? MS_NODEV : 0;
	flags |= info.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= info.f_flag & ST_NOATIME ? MS_NOATIME : 0;
	flags |= info.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
	flags |= info.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	flags |= info.f_flag & ST_NOSYMFOLLOW_ ? MS_NOSYMFOLLOW : 0;
	return flags;
}

int add_mount_flags(int target, unsigned long flags, const char *path)
{
	flags |= mount_flags_of(target) | MS_REMOUNT | MS_BIND;
	return mount(NULL, path_of(target).text, NULL, flags, NULL) < 0 ? fail("remount %s", path) : 0;
}

OPERATION(remount_root)
{
	return add_mount_flags(context->rootfs, (unsigned long)fields->flags, "/");
}

OPERATION(remount_masked)
{
	int target CLOSING = open_in_root(context, fields->target, O_PATH);
	return target < 0 ? fail("%s", fields->target) : add_mount_flags(target, (unsigned long)fields->flags, fields->target);
}
