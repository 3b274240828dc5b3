/* cgroup v2: which devices may be used is decided by an eBPF program that is attached to the cgroup (Linux 4.15). */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "operations.h"

#define LOAD_TRIES 30 /* the verifier gives up when a signal arrives */

static int load(const struct wire_attach_device_program *fields)
{
	static char log[4096];
	union bpf_attr attributes;
	int program = -1;
	memset(&attributes, 0, sizeof attributes);
	attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attributes.insns = (uint64_t)(uintptr_t)fields->instructions.data;
	attributes.insn_cnt = (uint32_t)(fields->instructions.length / sizeof(struct bpf_insn));
	attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
	for (int tries = 0; tries < LOAD_TRIES && program < 0; tries++) {
		program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
		if (program >= 0 || errno == EAGAIN)
			continue;
		if (attributes.log_level || (errno != EINVAL && errno != EACCES))
			break;
		attributes.log_buf = (uint64_t)(uintptr_t)log; /* costs time, so only when there is something to tell */
		attributes.log_size = sizeof log;
		attributes.log_level = 1;
	}
	return program < 0 ? fail("load the device filter%s%.200s", *log ? ": " : "", log) : program;
}

static int load_and_attach(const struct wire_attach_device_program *fields)
{
	union bpf_attr attributes;
	int program CLOSING = -1;
	int cgroup CLOSING = open(fields->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return fail("open %s", fields->cgroup);
	program = load(fields);
	if (program < 0)
		return -1;
	memset(&attributes, 0, sizeof attributes);
	attributes.target_fd = (uint32_t)cgroup;
	attributes.attach_bpf_fd = (uint32_t)program;
	attributes.attach_type = BPF_CGROUP_DEVICE;
	attributes.attach_flags = BPF_F_ALLOW_MULTI; /* those that others attached above stay in force */
	return syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) < 0 ? fail("attach the device filter") : 0;
}

OPERATION(attach_device_program)
{
	if (load_and_attach(fields) == 0)
		return 0;
	if (!(fields->flags & OPTION_WRITE_MAY_FAIL))
		return -1;
	report(context, MESSAGE_WARNING, -1, failure_errno(), 0, 0, failure_text());
	return 0;
}
