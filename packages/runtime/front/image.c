/*
 * The image of the snapshot: where it lies, and whether it may be used.
 *
 * It lies in the cache directory (state/directory.py), and is trusted as far as it can be checked: directory and file
 * are ours and writable by nobody else, it is of this boot, and no file that went into it has changed: libraries,
 * sources, this program.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"
#include "restore.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define HEAD_MAXIMUM (UINT64_C(32) << 20)

static char reason[PATH_SIZE + 64];

/* Always false. */
bool refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return false;
}

const char *why_not_resumed(void)
{
	return reason;
}

bool snapshot_path(const char *front, char path[PATH_SIZE])
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a: names the installation */
	int length;

	for (const char *letter = front; *letter; letter++)
		hash = (hash ^ (unsigned char)*letter) * UINT64_C(1099511628211);
	length = snprintf(path, PATH_SIZE, "%s-cache/snapshot-%016jx", find_default_root(), (uintmax_t)hash);
	return length > 0 && length < PATH_SIZE;
}

static bool is_private(int descriptor, mode_t type, const char *name)
{
	struct stat status;

	if (descriptor < 0)
		return refuse("no snapshot: there is none");
	if (fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == type && status.st_uid == geteuid() &&
	    !(status.st_mode & WRITABLE_BY_OTHERS))
		return true;
	return refuse("no snapshot: %s is not ours alone", name);
}

int open_image(const char *path)
{
	char folder[PATH_SIZE];
	cleanup_close int directory = -1;
	int image;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!is_private(directory, S_IFDIR, folder))
		return -1;
	image = openat(directory, strrchr(path, '/') + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (!is_private(image, S_IFREG, path))
		close_at(&image);
	return image;
}

/* All but the pages. It stays mapped while memory is replaced. */
const struct image_head *map_head(int image)
{
	struct image_head head;
	struct stat status;
	const void *place = (const void *)STAGE_HEAD;

	if (pread(image, &head, sizeof(head), 0) != sizeof(head) || memcmp(head.magic, IMAGE_MAGIC, sizeof(head.magic)) != 0 ||
	    head.pages > HEAD_MAXIMUM || head.mapped > FILES_MAXIMUM) {
		refuse("no snapshot: it is of another version");
		return NULL;
	}
	if (fstat(image, &status) != 0 || (uint64_t)status.st_size != head.size) {
		refuse("no snapshot: it is not whole");
		return NULL;
	}
	if (mmap((void *)STAGE_HEAD, head.pages, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, image, 0) != place) {
		refuse("no snapshot: its place in memory is taken");
		return NULL;
	}
	return place;
}

static bool is_unchanged(const struct image_head *head, const struct image_file *file)
{
	struct stat status;

	return stat((const char *)head + file->path, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode &&
	       (uint64_t)status.st_size == file->size &&
	       (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec == file->modified;
}

bool is_current(const struct image_head *head)
{
	char boot[64];

	if (!read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) || strncmp(boot, head->boot, sizeof(head->boot)) != 0)
		return refuse("no snapshot: it is of another boot");
	for (uint64_t index = 0; index < head->files; index++)
		if (!is_unchanged(head, image_files(head) + index))
			return refuse("no snapshot: %s has changed", image_path(head, index));
	return true;
}

