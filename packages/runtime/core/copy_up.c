/* See copy_up.h: directories, files, links and nodes with owner and mode; by descriptors, never by a path. */
#include "copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"

#define DEPTH_MAXIMUM 100

static int copy_directory(int from, int to, int depth);

static int copy_contents(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t sent = sendfile(to, from, NULL, (size_t)size);
		if (sent <= 0)
			return sent < 0 ? -1 : 0;
		size -= sent;
	}
	return 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *info)
{
	int source CLOSING = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int target CLOSING = source < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return target < 0 ? -1 : copy_contents(source, target, info->st_size);
}

static int copy_one(int from, int to, const char *name, const struct stat *info, int depth)
{
	char link[PATH_MAX];
	ssize_t length;
	switch (info->st_mode & S_IFMT) {
	case S_IFDIR: {
		int source CLOSING = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int target CLOSING = -1;
		if (source < 0 || mkdirat(to, name, 0700) < 0)
			return -1;
		target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return target < 0 ? -1 : copy_directory(source, target, depth + 1);
	}
	case S_IFREG:
		return copy_file(from, to, name, info);
	case S_IFLNK:
		length = readlinkat(from, name, link, sizeof link - 1);
		if (length < 0)
			return -1;
		link[length] = 0;
		return symlinkat(link, to, name);
	default:
		return mknodat(to, name, info->st_mode, info->st_rdev);
	}
}

static int copy_entry(int from, int to, const char *name, int depth)
{
	struct stat info;
	if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0 || copy_one(from, to, name, &info, depth) < 0)
		return fail("copy %s", name);
	if (fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("chown %s", name);
	if (!S_ISLNK(info.st_mode) && fchmodat(to, name, info.st_mode & 07777, 0) < 0)
		return fail("chmod %s", name);
	return 0;
}

static int copy_directory(int from, int to, int depth)
{
	int again = depth > DEPTH_MAXIMUM ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 0);
	DIR *stream = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	int result = 0;
	if (!stream)
		return fail_with(depth > DEPTH_MAXIMUM ? ELOOP : errno, "the directory to copy is too deep, or cannot be read");
	while (result == 0 && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = copy_entry(from, to, entry->d_name, depth);
	closedir(stream);
	return result;
}

int copy_up(const struct context *context, int covered, const char *path)
{
	int target CLOSING = open_in_root(context, path, O_RDONLY | O_DIRECTORY);
	return target < 0 ? fail("%s", path) : copy_directory(covered, target, 0);
}
