/* init: the process that becomes the container's program. It waits until the launcher has written its id mappings, then
 * executes its operations in their order; the last one is execve. Whatever fails ends it. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core.h"

/* The launcher sends init's pid when the mappings are done; it closes the socket if it fails. */
static int wait_for_launcher(struct context *context)
{
	ssize_t got;
	do
		got = read(context->launcher, &context->host_pid, sizeof context->host_pid);
	while (got < 0 && errno == EINTR);
	return got == sizeof context->host_pid ? 0 : -1;
}

static int make_late_namespace(struct context *context)
{
	const struct operation *cause = find_operation(context->plan, OPERATION_NEW_NAMESPACES);
	if (!context->late_time || enter_new_time_namespace(context, NULL) == 0)
		return 0;
	report(context, MESSAGE_FAILED, cause ? index_of(context, cause) : -1, failure_errno(), 0, 0, failure_text());
	return -1;
}

_Noreturn void run_init(struct context *context)
{
	/* by the controller's death, until the created barrier has passed: nobody else would ever end this process */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* relative paths of mount(2) name descriptors: self/fd/N, in the host's procfs, wherever the root is */
	if (fchdir(context->host_proc) < 0) {
		report(context, MESSAGE_FAILED, -1, errno, 0, 0, "fchdir to /proc of the host");
		_exit(1);
	}
	if (wait_for_launcher(context) < 0)
		end_orphaned(context);
	if (make_late_namespace(context) < 0)
		_exit(1);
	execute_step(context, STEP_INIT);
	_exit(1); /* execute never returns, and any failure was reported */
}
