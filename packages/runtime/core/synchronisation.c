/* Where init waits: for the launcher, for the controller, for the start. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "operations.h"

static bool has_byte(int descriptor)
{
	char byte;
	ssize_t got;
	do
		got = read(descriptor, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

void wait_for_byte(int descriptor)
{
	if (!has_byte(descriptor))
		_exit(1);
}

/* Whoever follows the messages need not be the launcher's parent, and learns of its death by this one. If it has reported why
 * it ended, that stands before this one. */
_Noreturn void end_orphaned(const struct context *context)
{
	report(context, MESSAGE_ORPHANED, -1, 0, 0, 0, NULL);
	_exit(1);
}

OPERATION_WITHOUT_FIELDS(ask_launcher)
{
	(void)fields;
	if (write(context->launcher, "a", 1) != 1)
		end_orphaned(context);
	if (!has_byte(context->launcher))
		end_orphaned(context);
	return 0;
}

static int index_of_fields(const struct context *context, const void *fields)
{
	for (size_t i = 0; i < context->plan->count; i++)
		if (context->plan->operations[i].fields == fields)
			return (int)i;
	return -1;
}

/* Whether the controller has answered before it was asked: as soon as it knows the pid, if that is all it needs. */
static bool may_pass(const struct context *context)
{
	struct pollfd go = {.fd = context->go, .events = POLLIN};
	return poll(&go, 1, 0) == 1 && (go.revents & POLLIN);
}

OPERATION(barrier)
{
	if (!may_pass(context))
		report(context, MESSAGE_BARRIER, index_of_fields(context, fields), 0, 0, 0, fields->name);
	wait_for_byte(context->go);
	if (strcmp(fields->name, "created") == 0) {
		close_descriptor(&context->lock); /* whoever deletes the container finds this process in its state */
		context->lock = -1;
	}
	return 0;
}

/* From here on the container is on its own: the controller's death does not end it any more. */
OPERATION(wait_start)
{
	(void)fields;
	report(context, MESSAGE_READY, -1, 0, 0, 0, NULL);
	close(context->messages);
	close(context->go);
	close_descriptor(&context->launcher);
	context->messages = context->go = context->launcher = -1;
	wait_for_byte(context->fifo); /* it stays open until execve: by its end `start` knows that the program runs */
	return 0;
}

OPERATION_WITHOUT_FIELDS(new_session)
{
	(void)context, (void)fields;
	return setsid() < 0 && errno != EPERM ? fail("setsid") : 0; /* EPERM: it leads a group already */
}

OPERATION(set_parent_death_signal)
{
	(void)context;
	return prctl(PR_SET_PDEATHSIG, (unsigned long)fields->signal) < 0 ? fail("PR_SET_PDEATHSIG") : 0;
}
