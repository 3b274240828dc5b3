/* cgroup v2: which devices may be used is decided by an eBPF program that is attached to the cgroup (Linux 4.15). */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "operations.h"

OPERATION(attach_device_program)
{
	static char log[4096];
	union bpf_attr load, attach;
	int program CLOSING = -1;
	int cgroup CLOSING = open(fields->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)context;
	if (cgroup < 0)
		return fail("open %s", fields->cgroup);
	memset(&load, 0, sizeof load);
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uint64_t)(uintptr_t)fields->instructions.data;
	load.insn_cnt = (uint32_t)(fields->instructions.length / sizeof(struct bpf_insn));
	load.license = (uint64_t)(uintptr_t) "Apache-2.0";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	if (program < 0) { /* again with the verifier's log: it costs time, so only when it is needed */
		load.log_buf = (uint64_t)(uintptr_t)log;
		load.log_size = sizeof log;
		load.log_level = 1;
		program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	}
	if (program < 0)
		return fail("load the device filter: %.200s", log);
	memset(&attach, 0, sizeof attach);
	attach.target_fd = (uint32_t)cgroup;
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = fields->flags ? (uint32_t)fields->flags : BPF_F_ALLOW_MULTI;
	return syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0 ? fail("attach the device filter") : 0;
}
