/* See mount_table.h. */
#include "mount_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

FILE *open_mount_table(const struct context *context)
{
	int descriptor = openat(context->host_proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
	if (!file)
		note_failure(errno, "open /proc/self/mountinfo");
	return file;
}

/* Octal escapes stand for blanks and the like. */
static void unescape(char *text)
{
	char *out = text;
	for (char *in = text; *in; out++) {
		if (in[0] == '\\' && strlen(in) >= 4) {
			*out = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + in[3] - '0');
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = 0;
}

bool next_mount(FILE *table, struct mount_entry *entry)
{
	char *line = NULL;
	size_t size = 0;
	int found = 0;
	while (found < 2 && getline(&line, &size, table) > 0) {
		entry->rest[0] = 0;
		found = sscanf(line, "%*s %*s %*s %4095s %4095s %*s %511[^\n]", entry->root, entry->point, entry->rest);
	}
	free(line);
	if (found < 2)
		return false;
	unescape(entry->root);
	unescape(entry->point);
	return true;
}

bool is_shared_mount(const struct mount_entry *entry)
{
	return strncmp(entry->rest, "shared:", 7) == 0;
}

bool has_type(const struct mount_entry *entry, const char *type)
{
	const char *dash = strncmp(entry->rest, "- ", 2) == 0 ? entry->rest : strstr(entry->rest, " - ");
	size_t length = strlen(type);
	if (!dash)
		return false;
	dash += strspn(dash, " -");
	return strncmp(dash, type, length) == 0 && (dash[length] == ' ' || dash[length] == 0);
}

bool is_below(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}
