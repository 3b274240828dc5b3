/* Device nodes, links and directories of the rootfs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "operations.h"
#include "paths.h"

static bool is_wanted(const struct stat *info, const struct wire_make_node *fields)
{
	return (info->st_mode & S_IFMT) == ((mode_t)fields->mode & S_IFMT) &&
	       (S_ISFIFO(info->st_mode) || info->st_rdev == makedev((unsigned)fields->major, (unsigned)fields->minor));
}

/* The host's node of the same path, if it is the same device: another one must not slip in under its name. */
static int bind_host_device(struct context *context, const struct wire_make_node *fields)
{
	const char *path = fields->path;
	struct stat info;
	int target CLOSING = -1;
	if (stat(path, &info) < 0)
		return fail("the host's %s", path);
	if (!is_wanted(&info, fields))
		return fail_with(ENODEV, "the host's %s is another device", path);
	target = make_target(context, path, true, false);
	if (target < 0)
		return -1;
	return mount(path, path_of(target).text, NULL, MS_BIND, NULL) < 0 ? fail("bind the host's %s", path) : 0;
}

static bool is_same_node(int parent, const char *name, const struct wire_make_node *fields)
{
	struct stat info;
	return fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && is_wanted(&info, fields);
}

OPERATION(make_node)
{
	const char *name;
	int parent CLOSING = -1;
	if (fields->options & OPTION_NODE_BIND)
		return bind_host_device(context, fields);
	parent = open_parent(context, fields->path, &name);
	if (parent < 0)
		return -1;
	if (mknodat(parent, name, (mode_t)fields->mode, makedev((unsigned)fields->major, (unsigned)fields->minor)) < 0) {
		if (errno == EPERM)
			return bind_host_device(context, fields);
		/* one that the image or a bind of the host's /dev brought along is as good, if it is the same device */
		return errno == EEXIST && is_same_node(parent, name, fields) ? 0 : fail("mknod %s", fields->path);
	}
	if (fchmodat(parent, name, (mode_t)fields->mode & 07777, 0) < 0)
		return fail("chmod %s", fields->path);
	if (fchownat(parent, name, (uid_t)fields->uid, (gid_t)fields->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("chown %s", fields->path);
	return 0;
}

OPERATION(symlink)
{
	char target[PATH_MAX];
	const char *name;
	ssize_t length;
	int parent CLOSING = open_parent(context, fields->path, &name);
	if (parent < 0)
		return -1;
	if (symlinkat(fields->target, parent, name) == 0)
		return 0;
	if (errno != EEXIST)
		return fail("symlink %s", fields->path);
	length = readlinkat(parent, name, target, sizeof target - 1);
	if (length >= 0 && (size_t)length == strlen(fields->target) && memcmp(target, fields->target, (size_t)length) == 0)
		return 0;
	/* ptmx may be a node of the image's own; runc replaces it by the link */
	if (strcmp(fields->path, "/dev/ptmx") == 0 && unlinkat(parent, name, 0) == 0 && symlinkat(fields->target, parent, name) == 0)
		return 0;
	return 0; /* the image has something of its own there: like runc, leave it */
}

OPERATION(make_path)
{
	int made CLOSING = make_directory_in_root(context, fields->path, (mode_t)fields->mode);
	return made < 0 ? -1 : 0;
}
