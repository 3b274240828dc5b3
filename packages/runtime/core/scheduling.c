/* Limits, scheduling and memory placement of the process. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operations.h"
#include "syscalls.h"

#define NODES_MAXIMUM 1024
#define WORD_BITS (8 * sizeof(unsigned long))

/* By the launcher on init (it may raise limits with the host's privileges), or by init on itself (pid 0). */
OPERATION(set_rlimit)
{
	struct rlimit now, limit = {(rlim_t)fields->soft, (rlim_t)fields->hard};
	if (fields->options & OPTION_LIMIT_ROOM) {
		if (prlimit(context->init, (enum __rlimit_resource)fields->resource, NULL, &now) < 0)
			return fail("prlimit of resource %lld", (long long)fields->resource);
		limit.rlim_cur = now.rlim_cur;
		if (limit.rlim_max <= now.rlim_max)
			return 0;
	}
	if (prlimit(context->init, (enum __rlimit_resource)fields->resource, &limit, NULL) < 0)
		return fail("prlimit of resource %lld", (long long)fields->resource);
	return 0;
}

OPERATION(set_personality)
{
	(void)context;
	return personality((unsigned long)fields->persona) < 0 ? fail("personality") : 0;
}

OPERATION(set_scheduler)
{
	struct scheduling_attributes attributes = {
		.size = sizeof attributes, .policy = (uint32_t)fields->policy, .flags = (uint64_t)fields->flags, .nice = (int32_t)fields->nice,
		.priority = (uint32_t)fields->priority, .runtime = (uint64_t)fields->runtime, .deadline = (uint64_t)fields->deadline,
		.period = (uint64_t)fields->period,
	};
	return syscall(SYS_sched_setattr, context->init, &attributes, 0) < 0 ? fail("sched_setattr") : 0;
}

OPERATION(set_io_priority)
{
	return syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, context->init, fields->priority) < 0 ? fail("ioprio_set") : 0;
}

OPERATION(set_cpu_affinity)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	for (size_t i = 0; i < fields->cpus.count; i++) {
		if (fields->cpus.items[i] < 0 || fields->cpus.items[i] >= CPU_SETSIZE)
			return fail_with(EINVAL, "processor %lld", (long long)fields->cpus.items[i]);
		CPU_SET((size_t)fields->cpus.items[i], &cpus);
	}
	return sched_setaffinity(context->init, sizeof cpus, &cpus) < 0 ? fail("sched_setaffinity") : 0;
}

OPERATION(set_memory_policy)
{
	unsigned long nodes[NODES_MAXIMUM / WORD_BITS] = {0};
	(void)context;
	for (size_t i = 0; i < fields->nodes.count; i++) {
		if (fields->nodes.items[i] < 0 || fields->nodes.items[i] >= NODES_MAXIMUM)
			return fail_with(EINVAL, "memory node %lld", (long long)fields->nodes.items[i]);
		nodes[(size_t)fields->nodes.items[i] / WORD_BITS] |= 1UL << ((size_t)fields->nodes.items[i] % WORD_BITS);
	}
	if (syscall(SYS_set_mempolicy, fields->mode, fields->nodes.count ? nodes : NULL, fields->nodes.count ? NODES_MAXIMUM : 0) < 0)
		return fail("set_mempolicy");
	return 0;
}

OPERATION(set_umask)
{
	(void)context;
	umask((mode_t)fields->mask);
	return 0;
}
