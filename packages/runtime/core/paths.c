/* See paths.h. openat2(RESOLVE_IN_ROOT) since Linux 5.6; before that, a walk by hand that never follows a link blindly. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "paths.h"
#include "syscalls.h"

#define DEPTH_MAXIMUM 128
#define LINKS_MAXIMUM 40
#define RETRIES 64 /* openat2 gives EAGAIN when something was renamed meanwhile */

struct descriptor_path path_of(int descriptor)
{
	struct descriptor_path path;
	snprintf(path.text, sizeof path.text, "self/fd/%d", descriptor);
	return path;
}

bool is_procfs(int descriptor)
{
	struct statfs info;
	return fstatfs(descriptor, &info) == 0 && info.f_type == PROC_MAGIC;
}

bool is_procfs_path(const char *path)
{
	struct statfs info;
	return statfs(path, &info) == 0 && info.f_type == PROC_MAGIC;
}

/* The walk: a stack of directories from the root downwards, so that ".." never leaves it. */
struct walk {
	int stack[DEPTH_MAXIMUM];
	int depth;
	int links;
	char rest[2 * PATH_MAX];
};

static int top(const struct walk *walk)
{
	return walk->stack[walk->depth];
}

static void close_walk(struct walk *walk)
{
	for (; walk->depth > 0; walk->depth--)
		close_descriptor(&walk->stack[walk->depth]);
}

/* Puts a link's target in front of what is left of the path. */
static int expand_link(struct walk *walk, int link)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof target - 1);
	if (length < 0)
		return -1;
	if (++walk->links > LINKS_MAXIMUM || strlen(walk->rest) >= sizeof rest) {
		errno = ELOOP;
		return -1;
	}
	target[length] = 0;
	strcpy(rest, walk->rest);
	if (target[0] == '/')
		close_walk(walk);
	snprintf(walk->rest, sizeof walk->rest, "%s%s", target, rest); /* the rest begins with a slash, or is empty */
	return 0;
}

/* Takes over a descriptor as the new top. */
static int push(struct walk *walk, int next, bool may_be_entered)
{
	if (may_be_entered && walk->depth + 1 < DEPTH_MAXIMUM) {
		walk->stack[++walk->depth] = next;
		return 0;
	}
	close_descriptor(&next);
	errno = may_be_entered ? ENAMETOOLONG : ENOTDIR;
	return -1;
}

/* Takes one component off the path and enters it. */
static int enter_next(struct walk *walk, bool follow)
{
	char name[NAME_MAX + 1];
	char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");
	bool last = start[length] == 0; /* a slash at the end makes the name one of a directory */
	struct stat info;
	int next;
	if (length > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, start, length);
	name[length] = 0;
	memmove(walk->rest, start + length, strlen(start + length) + 1);
	if (length == 0 || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (walk->depth > 0)
			close_descriptor(&walk->stack[walk->depth--]);
		return 0;
	}
	next = openat(top(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return -1;
	if (fstat(next, &info) == 0 && S_ISLNK(info.st_mode) && (follow || !last)) {
		int result = is_procfs(next) ? (errno = ELOOP, -1) : expand_link(walk, next);
		close_descriptor(&next);
		return result;
	}
	return push(walk, next, last || S_ISDIR(info.st_mode));
}

/* Reopened by its descriptor, since what was walked is O_PATH; "." needs a directory. */
static int reopen(const struct context *context, int found, int flags)
{
	struct stat info;
	if (fstat(found, &info) < 0)
		return -1;
	if ((flags & O_DIRECTORY) && !S_ISDIR(info.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (flags & O_PATH)
		return fcntl(found, F_DUPFD_CLOEXEC, 0);
	if (S_ISDIR(info.st_mode))
		return openat(found, ".", flags | O_CLOEXEC);
	return openat(context->host_proc, path_of(found).text, flags | O_CLOEXEC);
}

static int walk_in_root(const struct context *context, const char *path, int flags, bool follow)
{
	struct walk walk = {.stack = {context->rootfs}};
	int result = 0;
	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(walk.rest, path);
	while (result == 0 && walk.rest[strspn(walk.rest, "/")])
		result = enter_next(&walk, follow);
	if (result == 0)
		result = reopen(context, top(&walk), flags);
	close_walk(&walk);
	return result;
}

static int resolve(const struct context *context, const char *path, int flags, bool follow)
{
	static bool without_openat2;
	struct open_how_arguments how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)),
		.resolve = RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_,
	};
	for (int attempt = 0; !without_openat2 && attempt < RETRIES; attempt++) {
		int descriptor = sys_openat2(context->rootfs, path[0] ? path : ".", &how);
		if (descriptor >= 0 || (errno != EAGAIN && errno != ENOSYS))
			return descriptor;
		if (errno == ENOSYS)
			without_openat2 = true;
	}
	if (!without_openat2)
		return -1;
	return walk_in_root(context, path, flags, follow);
}

int open_in_root(const struct context *context, const char *path, int flags)
{
	return resolve(context, path, flags, true);
}

int open_in_root_nofollow(const struct context *context, const char *path, int flags)
{
	return resolve(context, path, flags, false);
}

/* A link to something that is not there yet: its target is made, inside the root. */
static int make_behind_link(const struct context *context, const char *path, mode_t mode, int depth);

static int make_component(const struct context *context, char *path, mode_t mode, int depth)
{
	char *slash = strrchr(path, '/');
	int parent CLOSING = -1;
	if (slash) {
		*slash = 0;
		parent = open_in_root(context, path[0] ? path : "/", O_PATH | O_DIRECTORY);
		*slash = '/';
	} else {
		parent = open_in_root(context, "/", O_PATH | O_DIRECTORY);
	}
	if (parent < 0)
		return fail("open the folder of %s", path);
	if (mkdirat(parent, slash ? slash + 1 : path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return fail("mkdir %s", path);
	return make_behind_link(context, path, mode, depth);
}

/* How much of the path is there: the length of the longest such beginning that ends at a slash, 0 for the root; -1: an error. */
static ssize_t existing_part(const struct context *context, char *path)
{
	for (char *slash; (slash = strrchr(path, '/')) && slash != path; ) {
		int found CLOSING = -1;
		*slash = 0;
		found = open_in_root(context, path, O_PATH | O_DIRECTORY);
		if (found >= 0)
			return slash - path;
		if (errno != ENOENT)
			return fail("%s", path);
	}
	return 0;
}

static int make_all(const struct context *context, const char *path, mode_t mode, int depth)
{
	char part[PATH_MAX];
	size_t length = strlen(path);
	ssize_t there;
	if (length >= sizeof part)
		return fail_with(ENAMETOOLONG, "%.100s...", path);
	if (depth > LINKS_MAXIMUM)
		return fail_with(ELOOP, "%s", path);
	memcpy(part, path, length + 1);
	there = existing_part(context, part);
	if (there < 0)
		return -1;
	for (size_t end = (size_t)there + 1; end <= length; end++) {
		if ((path[end] != '/' && path[end] != 0) || path[end - 1] == '/')
			continue;
		memcpy(part, path, end);
		part[end] = 0;
		if (make_component(context, part, mode, depth) < 0)
			return -1;
	}
	return 0;
}

static int make_behind_link(const struct context *context, const char *path, mode_t mode, int depth)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	const char *slash = strrchr(path, '/');
	int link CLOSING = open_in_root_nofollow(context, path, O_PATH);
	ssize_t length = link < 0 ? -1 : readlinkat(link, "", target, sizeof target - 1);
	if (length < 0) /* no link: somebody made it just now */
		return 0;
	target[length] = 0;
	if (target[0] == '/')
		snprintf(joined, sizeof joined, "%s", target);
	else
		snprintf(joined, sizeof joined, "%.*s/%s", slash ? (int)(slash - path) : 0, path, target);
	return make_all(context, joined, mode, depth + 1);
}

static int make_missing(const struct context *context, const char *path, mode_t mode)
{
	int descriptor;
	if (make_all(context, path, mode, 0) < 0)
		return -1;
	descriptor = open_in_root(context, path, O_PATH | O_DIRECTORY);
	return descriptor < 0 ? fail("%s", path) : descriptor;
}

int make_directory_in_root(const struct context *context, const char *path, mode_t mode)
{
	int descriptor = open_in_root(context, path, O_PATH | O_DIRECTORY);
	if (descriptor >= 0)
		return descriptor;
	if (errno != ENOENT)
		return fail("%s", path);
	return make_missing(context, path, mode);
}

int open_parent(const struct context *context, const char *path, const char **name)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return fail_with(EINVAL, "%s has no name at its end", path);
	if (!slash || slash == path)
		return fcntl(context->rootfs, F_DUPFD_CLOEXEC, 0);
	if ((size_t)(slash - path) >= sizeof folder)
		return fail_with(ENAMETOOLONG, "%.100s...", path);
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	return make_directory_in_root(context, folder, 0755);
}

int make_target(const struct context *context, const char *path, bool is_file, bool follow)
{
	const char *name;
	int parent CLOSING = -1, made CLOSING = -1;
	int target = follow ? open_in_root(context, path, O_PATH) : open_in_root_nofollow(context, path, O_PATH);
	if (target >= 0)
		return target;
	if (errno != ENOENT)
		return fail("%s", path);
	if (!is_file)
		return make_missing(context, path, 0755);
	parent = open_parent(context, path, &name);
	if (parent < 0)
		return -1;
	made = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (made < 0 && errno != EEXIST)
		return fail("create %s", path);
	target = follow ? open_in_root(context, path, O_PATH) : open_in_root_nofollow(context, path, O_PATH);
	return target < 0 ? fail("%s", path) : target;
}
