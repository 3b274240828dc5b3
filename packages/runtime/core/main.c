/* tiffin-core launch BLOB MESSAGES GO LOCK NETWORK NAMESPACES: executes a plan. The first arguments are numbers of inherited
 * descriptors: a memfd with the encoded plan, a pipe for messages to the controller, a pipe for its answers, the container's
 * lock or -1, an unused network namespace that may stand for the new one of the plan or -1. The controller starts this program
 * while it still makes the plan: the first byte on GO says that the memfd holds it. NAMESPACES are CLONE_NEW flags of what the
 * plan will ask for anyhow and may be made till then.
 *
 * The controller runs this program from a sealed memfd, so that what the container can reach by /proc/PID/exe is a
 * private copy that nobody can write to (CVE-2019-5736). It uses no environment variable and opens no file by itself. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"

#define ARGUMENTS 8
#define USAGE "tiffin-core: started by tiffin-runtime with a plan; it does nothing by itself\n"

/* A descriptor's number, kept from programs that the container runs; -1 if it is none. */
static int inherited(const char *argument)
{
	char *end;
	long number = strtol(argument, &end, 10);
	if (end == argument || *end || number < 0 || number > 1 << 20 || fcntl((int)number, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	return (int)number;
}

static int load_plan(const struct context *context, int descriptor, struct plan *plan)
{
	struct stat info;
	void *blob;
	wait_for_byte(context->go);
	if (fstat(descriptor, &info) < 0)
		return fail("stat of the plan");
	if (info.st_size <= 0 || info.st_size > 1 << 28)
		return fail_with(EBADMSG, "the plan has an impossible size");
	blob = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
	if (blob == MAP_FAILED)
		return fail("mmap of the plan");
	close(descriptor);
	return decode_plan(blob, (size_t)info.st_size, plan);
}

static bool take_descriptors(struct context *context, int argc, char **argv)
{
	if (argc != ARGUMENTS || strcmp(argv[1], "launch") != 0)
		return false;
	context->messages = inherited(argv[3]);
	context->go = inherited(argv[4]);
	context->lock = inherited(argv[5]);
	return context->messages >= 0 && context->go >= 0 && (context->lock >= 0 || strcmp(argv[5], "-1") == 0);
}

/* A network namespace takes the kernel half a millisecond, and the controller about as long for its plan. What does not work
 * now does not work when the plan asks for it either, and is reported then. */
static void make_early_namespaces(struct context *context, const char *argument)
{
	uint64_t flags = strtoull(argument, NULL, 10) & ~context->made;
	if (flags && unshare((int)flags) == 0)
		context->made |= flags;
}

/* One that was made when nobody waited for it: half a millisecond less for this container. */
static void take_network(struct context *context, const char *argument)
{
	int network CLOSING = inherited(argument);
	if (network >= 0 && setns(network, CLONE_NEWNET) == 0)
		context->made |= CLONE_NEWNET;
}

/* The launcher makes cgroups: it may not outlive the controller, whose death somebody may be cleaning up after already. */
static void end_with_controller(const struct context *context)
{
	struct pollfd reader = {.fd = context->messages};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&reader, 1, 0) > 0) /* POLLERR: nobody reads any more, and the death signal will not come */
		_exit(1);
}

int main(int argc, char **argv)
{
	struct plan plan = {0};
	struct context context = {
		.plan = &plan, .lock = -1, .launcher = -1, .host_proc = -1, .rootfs = -1, .fifo = -1,
		.console = -1, .listener = -1, .cgroup = -1,
	};
	int blob;
	if (!take_descriptors(&context, argc, argv) || (blob = inherited(argv[2])) < 0) {
		ssize_t written = write(2, USAGE, sizeof USAGE - 1);
		return written < 0 ? 3 : 2;
	}
	memset(context.trees, -1, sizeof context.trees);
	signal(SIGPIPE, SIG_IGN);
	end_with_controller(&context);
	take_network(&context, argv[6]);
	make_early_namespaces(&context, argv[7]);
	if (load_plan(&context, blob, &plan) < 0) {
		report(&context, MESSAGE_FAILED, -1, failure_errno(), 0, 0, failure_text());
		return 1;
	}
	return run_launcher(&context) < 0 ? 1 : 0;
}
