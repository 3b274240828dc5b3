/* Masked and read-only paths, inside the new root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "operations.h"
#include "paths.h"

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* The image may have put anything in the place of /dev/null; only the real device masks (CVE-2025-31133). */
static int open_null(struct context *context)
{
	struct stat info;
	int null = open_in_root_nofollow(context, "/dev/null", O_PATH);
	if (null < 0)
		return fail("/dev/null");
	if (fstat(null, &info) < 0 || !S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3)) {
		close_descriptor(&null);
		return fail_with(EINVAL, "/dev/null of the container is not the null device");
	}
	return null;
}

OPERATION(mask_path)
{
	char data[512] = "";
	struct stat info;
	int null CLOSING = -1, target CLOSING = open_in_root(context, fields->path, O_PATH);
	if (target < 0)
		return is_missing(errno) ? 0 : fail("%s", fields->path);
	if (fstat(target, &info) < 0)
		return fail("stat %s", fields->path);
	if (S_ISDIR(info.st_mode)) {
		if (fields->label)
			snprintf(data, sizeof data, "context=\"%s\"", fields->label);
		return mount("tmpfs", path_of(target).text, "tmpfs", MS_RDONLY, data) < 0 ? fail("mask %s", fields->path) : 0;
	}
	null = open_null(context);
	if (null < 0)
		return -1;
	return mount(path_of(null).text, path_of(target).text, NULL, MS_BIND, NULL) < 0 ? fail("mask %s", fields->path) : 0;
}

/* A remount that drops a locked flag is refused in user namespaces: what is there is kept. */
static unsigned long kept_flags(int target)
{
	struct statvfs info;
	if (fstatvfs(target, &info) < 0)
		return 0;
	return (info.f_flag & ST_NOSUID ? MS_NOSUID : 0UL) | (info.f_flag & ST_NODEV ? MS_NODEV : 0UL) |
	       (info.f_flag & ST_NOEXEC ? MS_NOEXEC : 0UL) | (info.f_flag & ST_NOATIME ? MS_NOATIME : 0UL) |
	       (info.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0UL) | (info.f_flag & ST_RELATIME ? MS_RELATIME : 0UL);
}

OPERATION(readonly_path)
{
	int again CLOSING = -1, target CLOSING = open_in_root(context, fields->path, O_PATH);
	struct descriptor_path place = path_of(target);
	if (target < 0)
		return is_missing(errno) ? 0 : fail("%s", fields->path);
	if (mount(place.text, place.text, NULL, MS_BIND | MS_REC, NULL) < 0)
		return fail("bind %s over itself", fields->path);
	again = open_in_root(context, fields->path, O_PATH);
	if (again < 0)
		return fail("%s", fields->path);
	if (mount(NULL, path_of(again).text, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(again), NULL) < 0)
		return fail("make %s read-only", fields->path);
	return 0;
}
