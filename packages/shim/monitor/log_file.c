/* Files that are appended to, with rotation: PATH is written, PATH.1 is the newest old one, as Docker's are.
 *
 * What cannot be written (the disk is full) is dropped, and counted; the next is tried again. containerd's and Docker's loggers
 * go on likewise. Where the format has records no torn one stays. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "process.h"
#include "sink.h"
#include "text.h"

int log_file_open(struct log_file *file)
{
	struct stat info;
	file->descriptor = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, file->mode);
	if (file->descriptor < 0)
		return -1;
	file->size = fstat(file->descriptor, &info) < 0 || !S_ISREG(info.st_mode) ? 0 : (uint64_t)info.st_size;
	return 0;
}

void log_file_close(struct log_file *file)
{
	if (file->descriptor >= 0)
		close(file->descriptor);
	file->descriptor = -1;
}

static void tell_trouble(struct sink *sink, int error)
{
	struct log_file *file = &sink->file;
	if (error && !file->failing)
		warn(sink->process->name, "output is lost: cannot write", file->path, error);
	if (!error && file->failing)
		warn(sink->process->name, "output is written again to", file->path, 0);
	file->failing = error != 0;
}

size_t log_file_append(struct sink *sink, const char *data, size_t length)
{
	struct log_file *file = &sink->file;
	size_t done = 0;
	if (file->descriptor < 0 && log_file_open(file) < 0) {
		tell_trouble(sink, errno);
		return 0;
	}
	while (done < length) {
		ssize_t written = write(file->descriptor, data + done, length - done);
		if (written > 0)
			done += (size_t)written;
		else if (written == 0 || errno != EINTR)
			break;
	}
	tell_trouble(sink, done < length ? errno : 0);
	file->size += done;
	return done;
}

void log_file_take_back(struct log_file *file, size_t length)
{
	struct stat info; /* its size is asked for: somebody may have emptied it, and it must not grow by this */
	if (!length || fstat(file->descriptor, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size < (off_t)length)
		return;
	if (ftruncate(file->descriptor, info.st_size - (off_t)length) == 0)
		file->size = (uint64_t)info.st_size - length;
}

bool log_file_is_over(struct log_file *file, size_t waiting, size_t more)
{
	struct stat info;
	if (!file->max_bytes || !(file->size + waiting) || file->size + waiting + more <= file->max_bytes)
		return false;
	/* somebody may have truncated it */
	if (file->descriptor >= 0 && fstat(file->descriptor, &info) == 0)
		file->size = (uint64_t)info.st_size;
	return file->size + waiting && file->size + waiting + more > file->max_bytes;
}

/* PATH.number, or PATH for 0; allocated. */
static char *path_of(const struct log_file *file, int64_t number)
{
	struct text text = {.room = strlen(file->path) + 24};
	text.bytes = malloc(text.room);
	if (!text.bytes)
		return NULL;
	add_text(&text, file->path);
	if (number) {
		add_text(&text, ".");
		add_number(&text, (uint64_t)number, 0);
	}
	text_end(&text);
	return text.bytes;
}

static int move_up(const struct log_file *file, int64_t number)
{
	char *from = path_of(file, number), *to = path_of(file, number + 1);
	int done = from && to ? rename(from, to) : -1;
	free(from);
	free(to);
	return done < 0 && errno != ENOENT ? -1 : 0;
}

static bool exists(const struct log_file *file, int64_t number)
{
	char *path = path_of(file, number);
	bool found = path && access(path, F_OK) == 0;
	free(path);
	return found;
}

/* The oldest is overwritten by the second-oldest, and so on; the file itself goes last. Only those that are there: there may be
 * as many as a client likes to say. */
static int shift(const struct log_file *file)
{
	int64_t oldest = 0;
	while (oldest < file->max_files - 2 && exists(file, oldest + 1))
		oldest++;
	for (int64_t number = oldest; number >= 0; number--)
		if (move_up(file, number) < 0)
			return -1;
	return 0;
}

void log_file_rotate(struct sink *sink)
{
	struct log_file *file = &sink->file;
	int old = file->descriptor;
	if (old < 0)
		return;
	if (file->max_files < 2) {
		if (ftruncate(old, 0) == 0)
			file->size = 0;
		return;
	}
	if (shift(file) < 0 || log_file_open(file) < 0) {
		/* the old one goes on, under whatever name it has now, rather than that anything is lost */
		warn(sink->process->name, "cannot rotate", file->path, errno);
		file->descriptor = old;
		file->size = 0; /* tried again when as much has come once more */
		return;
	}
	close(old);
}
