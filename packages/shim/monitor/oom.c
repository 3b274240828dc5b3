/* Whether the kernel's OOM killer was at work in a process's memory cgroup while the process lived: the counter `oom_kill`
 * of cgroup v1's memory.oom_control (Linux 4.13) or v2's memory.events, which goes up before SIGKILL is sent. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "process.h"
#include "text.h"

#define SPACE 4096

static ssize_t read_text(int descriptor, char text[SPACE])
{
	ssize_t length = pread(descriptor, text, SPACE - 1, 0);
	text[length < 0 ? 0 : length] = 0;
	return length;
}

static int64_t counted(int descriptor)
{
	char text[SPACE], *at = text;
	if (descriptor < 0 || read_text(descriptor, text) <= 0)
		return -1; /* ENODEV: the cgroup is removed */
	for (; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, "oom_kill ", 9) == 0)
			return number_in(at + 9);
	}
	return -1;
}

/* Whether a line "ID:CONTROLLERS:PATH" is of the hierarchy that has the memory controller of cgroup v1. */
static bool has_memory(const char *controllers, const char *end)
{
	while (controllers < end) {
		const char *comma = memchr(controllers, ',', (size_t)(end - controllers));
		const char *stop = comma ? comma : end;
		if (stop - controllers == 6 && memcmp(controllers, "memory", 6) == 0)
			return true;
		controllers = stop + 1;
	}
	return false;
}

static int open_counter(const char *mount, const char *cgroup, size_t length, const char *file)
{
	char path[SPACE];
	struct text text = {path, 0, sizeof path};
	if (length < 2)
		return -1; /* the root counts everybody's */
	add_text(&text, mount);
	add_bytes(&text, cgroup, length);
	add_text(&text, file);
	if (text.length >= sizeof path - 1)
		return -1;
	return open(text_end(&text), O_RDONLY | O_CLOEXEC);
}

/* v1's if there is one; a hybrid host has the memory controller in either. */
static int find_counter(char *lines)
{
	int unified = -1;
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		if (has_memory(controllers + 1, path)) {
			if (unified >= 0)
				close(unified);
			return open_counter("/sys/fs/cgroup/memory", path + 1, strlen(path + 1), "/memory.oom_control");
		}
		if (path == controllers + 1)
			unified = open_counter("/sys/fs/cgroup", path + 1, strlen(path + 1), "/memory.events");
	}
	return unified;
}

void oom_open(struct oom_counter *counter, pid_t pid)
{
	char lines[SPACE], path[PROC_SPACE];
	int descriptor = open(proc_path(pid, "cgroup", path), O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	if (read_text(descriptor, lines) > 0)
		counter->descriptor = find_counter(lines);
	close(descriptor);
	counter->before = counted(counter->descriptor);
}

bool oom_happened(struct oom_counter *counter)
{
	return counter->before >= 0 && counted(counter->descriptor) > counter->before;
}

void oom_close(struct oom_counter *counter)
{
	if (counter->descriptor >= 0)
		close(counter->descriptor);
	counter->descriptor = -1;
}
