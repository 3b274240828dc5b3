/* What is on disk of a process: the folder NAME with `pid`, and `exit` once it has ended. The monitor's working directory is
 * its own, so all paths are short. Files appear by rename, whole or not at all. Their room is taken before the process is
 * started, so that a disk that is full later loses nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "process.h"
#include "text.h"

#define PATH_SPACE (LONGEST_NAME + 32)
#define RECORD_SPACE 256

static const char *path_in(const char *name, const char *file, char path[PATH_SPACE])
{
	struct text text = {path, 0, PATH_SPACE};
	add_text(&text, name);
	add_text(&text, "/");
	add_text(&text, file);
	return text_end(&text);
}

static void remove_files(const char *name)
{
	static const char *const files[] = {"pid", "pid.new", "exit", "exit.new", "console.sock"};
	char path[PATH_SPACE];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(path_in(name, files[i], path));
}

void record_forget(const char *name)
{
	remove_files(name);
	rmdir(name); /* what others have put there is theirs */
}

/* `synced`: a pid says nothing after the machine has gone down, an exit does. */
static int write_new(const char *path, const struct text *text, bool synced)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t written;
	if (descriptor < 0)
		return -1;
	written = write(descriptor, text->bytes, text->length);
	if (written >= 0 && (size_t)written < text->length)
		errno = ENOSPC;
	if (written != (ssize_t)text->length || ftruncate(descriptor, written) < 0 || (synced && fsync(descriptor) < 0)) {
		int error = errno;
		close(descriptor);
		errno = error;
		return -1;
	}
	return close(descriptor);
}

/* Takes the room that a file will need, filled with blanks. */
static int reserve(const char *name, const char *file)
{
	char path[PATH_SPACE], blanks[RECORD_SPACE];
	struct text text = {blanks, sizeof blanks, sizeof blanks};
	memset(blanks, ' ', sizeof blanks);
	return write_new(path_in(name, file, path), &text, false);
}

int record_folder(const char *name)
{
	struct stat info;
	if ((mkdir(name, 0700) < 0 && errno != EEXIST) || lstat(name, &info) < 0)
		return -1;
	if (!S_ISDIR(info.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	remove_files(name); /* of an earlier monitor */
	return reserve(name, "exit.new") < 0 || reserve(name, "pid.new") < 0 ? -1 : 0;
}

static int rename_in(const char *name, const char *from, const char *to)
{
	char old[PATH_SPACE], new[PATH_SPACE];
	return rename(path_in(name, from, old), path_in(name, to, new));
}

int record_pid(const struct process *process)
{
	char path[PATH_SPACE], bytes[RECORD_SPACE];
	struct text text = {bytes, 0, sizeof bytes};
	add_number(&text, (uint64_t)process->pid, 0);
	add_text(&text, " ");
	add_number(&text, (uint64_t)process->start_time, 0);
	add_text(&text, "\n");
	if (write_new(path_in(process->name, "pid.new", path), &text, false) < 0)
		return -1;
	return rename_in(process->name, "pid.new", "pid");
}

static void add_line(struct text *text, const char *key, int64_t value)
{
	add_text(text, key);
	add_text(text, " ");
	add_number(text, (uint64_t)value, 0);
	add_text(text, "\n");
}

/* What is renamed in a folder outlives the machine only when the folder is on disk too. */
static int sync_folder(const char *name)
{
	int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	if (descriptor < 0)
		return -1;
	error = fsync(descriptor) < 0 ? errno : 0;
	close(descriptor);
	errno = error;
	return error ? -1 : 0;
}

int record_end(const struct process *process)
{
	char path[PATH_SPACE], bytes[RECORD_SPACE];
	struct text text = {bytes, 0, sizeof bytes};
	add_line(&text, "status", process->end.status);
	add_line(&text, "signal", process->end.signal);
	add_line(&text, "at", process->end.at);
	add_line(&text, "oom_killed", process->end.oom_killed);
	if (write_new(path_in(process->name, "exit.new", path), &text, true) < 0)
		return -1;
	if (rename_in(process->name, "exit.new", "exit") < 0)
		return -1;
	return sync_folder(process->name);
}

int64_t start_time_of(pid_t pid)
{
	char path[PROC_SPACE], bytes[1024];
	int descriptor = open(proc_path(pid, "stat", path), O_RDONLY | O_CLOEXEC);
	ssize_t length;
	char *at;
	if (descriptor < 0)
		return 0;
	length = read(descriptor, bytes, sizeof bytes - 1);
	close(descriptor);
	if (length <= 0)
		return 0;
	bytes[length] = 0;
	at = strrchr(bytes, ')'); /* the name before may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? number_in(at + 1) : 0;
}
