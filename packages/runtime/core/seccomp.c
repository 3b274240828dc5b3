/* The seccomp filter, as BPF that Python had compiled; and its notify descriptor, which goes to the listener. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptor_passing.h"
#include "operations.h"

/* The state of the container process (runtime-spec, "Seccomp"), with init's pid between the parts that Python wrote. */
static int send_listener(struct context *context, const struct wire_load_seccomp *fields, int notify)
{
	size_t length = fields->head.length + fields->tail.length + 16;
	char *state = calloc(1, length);
	int used, result;
	if (!state)
		return fail("no memory for the listener's state");
	used = snprintf(state, length, "%.*s%d%.*s", (int)fields->head.length, (const char *)fields->head.data, context->host_pid,
			(int)fields->tail.length, (const char *)fields->tail.data);
	result = send_descriptor(context->listener, notify, state, (size_t)used);
	free(state);
	close(context->listener);
	context->listener = -1;
	return result < 0 ? fail("send the notify descriptor to %s", fields->listener) : 0;
}

OPERATION(load_seccomp)
{
	struct sock_fprog program = {
		.len = (unsigned short)(fields->filter.length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)fields->filter.data,
	};
	long result;
	if (fields->filter.length % sizeof(struct sock_filter) || fields->filter.length / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return fail_with(EINVAL, "the seccomp filter has an impossible size");
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, fields->flags, &program);
	if (result < 0)
		return fail("load the seccomp filter");
	if (!(fields->flags & OPTION_SECCOMP_LISTENER))
		return 0;
	if (context->listener < 0)
		return fail_with(EINVAL, "the seccomp filter notifies, but has no listener");
	if (send_listener(context, fields, (int)result) < 0)
		return -1;
	close((int)result);
	return 0;
}
