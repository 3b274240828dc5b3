/* Mounting file systems in the rootfs, always onto a descriptor that was resolved beneath it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_up.h"
#include "operations.h"
#include "paths.h"
#include "syscalls.h"

/* Files of a container's /proc that other software (lxcfs) is known to cover; all else there stays uncovered, since the
 * runtime itself, and the labels of processes, depend on it (CVE-2019-16884, CVE-2025-52881). */
static const char *const PROC_FILES[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
	"/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
};

int check_target(int target, const char *path, bool brings_procfs)
{
	if (strcmp(path, "/proc") == 0)
		return brings_procfs ? 0 : fail_with(EPERM, "only a procfs may be mounted on /proc");
	if (!is_procfs(target))
		return 0;
	for (size_t i = 0; i < sizeof PROC_FILES / sizeof *PROC_FILES; i++)
		if (strcmp(path, PROC_FILES[i]) == 0)
			return 0;
	return fail_with(EPERM, "%s is inside /proc, where nothing may be mounted", path);
}

/* proc and sysfs go to real directories, never through a link (CVE-2019-19921, CVE-2023-27561). */
static bool needs_real_directory(const char *type)
{
	return strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0;
}

static int real_directory(const struct context *context, const char *path)
{
	struct stat info;
	int target = open_in_root_nofollow(context, path, O_PATH);
	if (target < 0)
		return errno == ENOENT ? make_directory_in_root(context, path, 0755) : fail("%s", path);
	if (fstat(target, &info) < 0 || !S_ISDIR(info.st_mode)) {
		close_descriptor(&target);
		return fail_with(ENOTDIR, "%s must be a directory, and no link", path);
	}
	return target;
}

/* In a user namespace without a network namespace of its own, sysfs cannot be mounted anew: the host's, with the flags. What
 * the host has mounted below it comes along, and becomes read-only with it (where the kernel can: Linux 5.12). */
static int bind_sysfs(const struct context *context, const struct wire_mount *fields, int target)
{
	struct mount_attributes read_only = {.set = MOUNT_ATTR_RDONLY_};
	int mounted CLOSING = -1;
	if (mount("/sys", path_of(target).text, NULL, MS_BIND | MS_REC, NULL) < 0)
		return fail("bind /sys on %s", fields->target);
	mounted = open_in_root(context, fields->target, O_PATH);
	if (mounted < 0)
		return fail("%s", fields->target);
	if (fields->flags & MS_RDONLY && sys_mount_setattr(mounted, "", AT_EMPTY_PATH | AT_RECURSIVE_, &read_only) < 0 && errno != ENOSYS)
		return fail("mount_setattr %s", fields->target);
	return add_mount_flags(mounted, (unsigned long)fields->flags, fields->target);
}

static int mount_or_bind(const struct context *context, const struct wire_mount *fields, int target)
{
	if (mount(fields->source, path_of(target).text, fields->type, (unsigned long)fields->flags, fields->data) == 0)
		return 0;
	if (fields->options & OPTION_MOUNT_BIND_FALLBACK && (errno == EPERM || errno == EBUSY) && strcmp(fields->type, "sysfs") == 0)
		return bind_sysfs(context, fields, target);
	return fail("mount %s on %s", fields->type, fields->target);
}

/* The permissions that a tmpfs with none of its own gets: those of the directory that it covers, if there was one. */
static int mode_to_keep(const struct context *context, const struct wire_mount *fields)
{
	struct stat info;
	int covered CLOSING = -1;
	if (strcmp(fields->type, "tmpfs") != 0 || (fields->data && strstr(fields->data, "mode=")))
		return -1;
	covered = open_in_root(context, fields->target, O_PATH);
	return covered < 0 || fstat(covered, &info) < 0 ? -1 : (int)(info.st_mode & 07777);
}

static int set_mode(const struct context *context, const char *path, int mode)
{
	int mounted CLOSING = open_in_root(context, path, O_RDONLY | O_DIRECTORY);
	return mounted < 0 || fchmod(mounted, (mode_t)mode) < 0 ? fail("chmod %s", path) : 0;
}

OPERATION(mount)
{
	int mode = mode_to_keep(context, fields);
	int target CLOSING = needs_real_directory(fields->type) ? real_directory(context, fields->target)
								 : make_target(context, fields->target, false, true);
	int covered CLOSING = -1;
	if (target < 0 || check_target(target, fields->target, strcmp(fields->type, "proc") == 0) < 0)
		return -1;
	if (fields->options & OPTION_MOUNT_COPY_UP) {
		covered = openat(context->host_proc, path_of(target).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (covered < 0)
			return fail("open %s", fields->target);
	}
	if (mount_or_bind(context, fields, target) < 0)
		return -1;
	if (covered >= 0 && copy_up(context, covered, fields->target) < 0)
		return -1;
	return mode >= 0 && !(fields->flags & MS_REMOUNT) ? set_mode(context, fields->target, mode) : 0;
}

OPERATION(set_mount_attributes)
{
	struct mount_attributes attributes = {.set = (uint64_t)fields->set, .clear = (uint64_t)fields->clear};
	int target CLOSING = open_in_root(context, fields->target, O_PATH);
	if (target < 0)
		return fail("%s", fields->target);
	if (sys_mount_setattr(target, "", AT_EMPTY_PATH | (fields->recursive ? AT_RECURSIVE_ : 0), &attributes) < 0)
		return fail("mount_setattr %s", fields->target);
	return 0;
}
