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

/* The state of the container process (runtime-spec, "Seccomp"): the texts that Python wrote, joined by init's pid. */
static int send_listener(struct context *context, const struct wire_load_seccomp *fields, int notify)
{
	char *state = NULL;
	size_t length;
	FILE *stream = open_memstream(&state, &length);
	int result;
	if (!stream)
		return fail("no memory for the listener's state");
	for (size_t i = 0; i < fields->state.count; i++) {
		if (i)
			fprintf(stream, "%d", context->host_pid);
		fputs(fields->state.items[i], stream);
	}
	if (fclose(stream) != 0)
		return fail("no memory for the listener's state");
	result = send_descriptor(context->listener, notify, state, length);
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
