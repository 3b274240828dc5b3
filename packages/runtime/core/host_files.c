/* Operations on the host's files, by the launcher: cgroups, resctrl, /proc/self. The paths come from the planner. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operations.h"

OPERATION(make_directory)
{
	(void)context;
	if (mkdir(fields->path, (mode_t)fields->mode) < 0 && errno != EEXIST)
		return fail("mkdir %s", fields->path);
	return 0;
}

/* A failure that the plan allows becomes a warning. */
static int settle(const struct context *context, const char *path, int64_t flags)
{
	char text[300];
	if (!(flags & OPTION_WRITE_MAY_FAIL))
		return fail("write %s", path);
	snprintf(text, sizeof text, "write %.200s: %s", path, strerrordesc_np(errno));
	report(context, MESSAGE_WARNING, -1, errno, 0, 0, text);
	return 0;
}

static int write_once(const char *path, const void *data, size_t length)
{
	int file CLOSING = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	return write(file, data, length) < 0 ? -1 : 0; /* cgroupfs takes a value whole or not at all */
}

OPERATION(write_file)
{
	if (write_once(fields->path, fields->data.data, fields->data.length) == 0)
		return 0;
	if (errno == ENOENT && (fields->flags & OPTION_WRITE_OPTIONAL))
		return 0;
	return settle(context, fields->path, fields->flags);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \n")] == 0;
}

OPERATION(copy_if_empty)
{
	char text[4096];
	ssize_t length;
	int target CLOSING = open(fields->target, O_RDWR | O_CLOEXEC);
	int source CLOSING = -1;
	(void)context;
	if (target < 0)
		return fail("open %s", fields->target);
	length = read(target, text, sizeof text - 1);
	if (length < 0)
		return fail("read %s", fields->target);
	text[length] = 0;
	if (!is_blank(text))
		return 0;
	source = open(fields->source, O_RDONLY | O_CLOEXEC);
	length = source < 0 ? -1 : read(source, text, sizeof text - 1);
	if (length < 0)
		return fail("read %s", fields->source);
	return pwrite(target, text, (size_t)length, 0) < 0 ? fail("write %s", fields->target) : 0;
}

/* Before the clone it is the launcher that joins (0 is the writer), and init starts where the launcher is. */
OPERATION(write_pid)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d", context->init);
	return write_once(fields->path, text, (size_t)length) < 0 ? settle(context, fields->path, fields->flags) : 0;
}

OPERATION(clone_into_cgroup)
{
	context->cgroup = open(fields->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return context->cgroup < 0 ? fail("open %s", fields->cgroup) : 0;
}

OPERATION(set_oom_score_adj)
{
	char text[24];
	int length = snprintf(text, sizeof text, "%lld", (long long)fields->value);
	int file CLOSING = openat(context->host_proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, text, (size_t)length) < 0)
		return fail("write oom_score_adj");
	return 0;
}
