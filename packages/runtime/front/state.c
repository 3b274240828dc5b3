/* Reads the state file: lines `key value`, as state/container_state.py writes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"

void free_container(struct container *container)
{
	free(container->data);
	container->data = NULL;
}

bool path_in(const struct container *container, const char *name, char path[PATH_SIZE])
{
	int length = snprintf(path, PATH_SIZE, "%s/%s", container->directory, name);

	return length > 0 && length < PATH_SIZE;
}

/* The first line of a small file of the kernel, without its newline. */
bool read_text(const char *path, char *text, size_t size)
{
	cleanup_close int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (descriptor < 0)
		return false;
	length = read(descriptor, text, size - 1);
	if (length < 0)
		return false;
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

const char *cgroup_directory(const struct container *container, const char *controller)
{
	for (size_t index = 0; index < container->cgroup_count; index++) {
		if (strcmp(container->cgroups[index].controller, controller) == 0)
			return container->cgroups[index].directory;
	}
	return NULL;
}

bool has_hook(const struct container *container, const char *kind)
{
	return container->hooks && strstr(container->hooks, kind);
}

/* \n and \\ in place. */
static void unescape(char *value)
{
	char *to = value;

	for (const char *from = value; *from; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			*to++ = *from == 'n' ? '\n' : *from;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static bool add_cgroup(struct container *container, char *value)
{
	char *space = strchr(value, ' ');

	if (!space || container->cgroup_count == CGROUP_MAXIMUM)
		return false;
	*space = '\0';
	container->cgroups[container->cgroup_count++] = (struct cgroup){ value, space + 1 };
	return space[1] == '/';
}

static bool take_number(const char *value, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(value, &end, 10);
	return errno == 0 && end != value && *end == '\0';
}

static bool take_line(struct container *container, const char *key, char *value)
{
	const struct {
		const char *key;
		const char **place;
	} texts[] = {
		{ "id", &container->id },
		{ "boot", &container->boot },
		{ "bundle", &container->bundle },
		{ "rootfs", &container->rootfs },
		{ "created", &container->created },
		{ "owner", &container->owner },
		{ "version", &container->version },
		{ "annotations", &container->annotations },
		{ "hooks", &container->hooks },
	};
	uint64_t number;

	unescape(value);
	for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
		if (strcmp(key, texts[index].key) == 0) {
			*texts[index].place = value;
			return true;
		}
	}
	if (strcmp(key, "pid") == 0) {
		if (!take_number(value, &number) || number > INT32_MAX)
			return false;
		container->pid = (int64_t)number;
	} else if (strcmp(key, "start-time") == 0) {
		return take_number(value, &container->start_time);
	} else if (strcmp(key, "cgroup") == 0) {
		return add_cgroup(container, value);
	} else if (strcmp(key, "shared-pids") == 0) {
		container->shared_pids = true;
	} else if (strcmp(key, "systemd-unit") == 0 || strcmp(key, "resctrl") == 0) {
		container->needs_python = true;
	}
	return true;
}

static bool parse(struct container *container, char *text)
{
	static const char head[] = "format 1\n";
	char *line = text + sizeof(head) - 1;

	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return false;
	while (*line) {
		char *end = strchr(line, '\n');
		char *space;

		if (!end)
			return false;
		*end = '\0';
		space = strchr(line, ' ');
		if (space)
			*space = '\0';
		if (!take_line(container, line, space ? space + 1 : end))
			return false;
		line = end + 1;
	}
	return container->id != NULL;
}

static char *read_whole(int descriptor)
{
	struct stat information;
	size_t size;
	ssize_t length;
	char *data;

	if (fstat(descriptor, &information) < 0 || information.st_size > STATE_SIZE_MAXIMUM)
		return NULL;
	size = (size_t)information.st_size;
	data = malloc(size + 1);
	if (!data)
		return NULL;
	length = read(descriptor, data, size);
	if (length != (ssize_t)size || memchr(data, '\0', size)) {
		free(data);
		return NULL;
	}
	data[size] = '\0';
	return data;
}

int read_container(const struct arguments *arguments, struct container *container)
{
	cleanup_close int descriptor = -1;
	char path[PATH_SIZE];
	int length = snprintf(container->directory, PATH_SIZE, "%s/%s", arguments->root, arguments->id);

	if (length < 0 || length >= PATH_SIZE || !path_in(container, "state", path))
		return HAND_OVER;
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (descriptor < 0 && errno == ENOENT && strcmp(arguments->verb, "delete") != 0)
		return fail(arguments, "container does not exist");
	if (descriptor < 0)
		return HAND_OVER;
	container->data = read_whole(descriptor);
	if (!container->data || !parse(container, container->data))
		return HAND_OVER;
	return 0;
}
