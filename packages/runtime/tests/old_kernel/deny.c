/* deny ERRNO NUMBER[:MASK]... -- COMMAND...: runs a command to which some system calls answer with an error, as on a kernel
 * that has not got them (ENOSYS) or does not allow them (EPERM). With a mask only calls are denied whose first argument,
 * flags, has one of its bits. The filter is inherited by all that the command starts. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#define INSTRUCTIONS 128
#define FLAGS (offsetof(struct seccomp_data, args)) /* the lower half of the first argument, on little-endian machines */

static struct sock_filter program[INSTRUCTIONS];
static unsigned short length;

static void add(struct sock_filter instruction)
{
	if (length == INSTRUCTIONS)
		exit(126);
	program[length++] = instruction;
}

static void deny(const char *rule, unsigned error)
{
	char *end;
	unsigned number = (unsigned)strtoul(rule, &end, 10);
	unsigned mask = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 0) : 0;

	add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, mask ? 3 : 1));
	if (mask) {
		add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FLAGS));
		add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1));
	}
	add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)));
}

static int install(void)
{
	struct sock_fprog whole = { .len = length, .filter = program };

	/* without the privilege, no program that is started may gain any */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) == 0)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole);
}

int main(int argc, char **argv)
{
	int index = 2;

	if (argc < 4)
		return 126;
	for (; index < argc && strcmp(argv[index], "--") != 0; index++)
		deny(argv[index], (unsigned)strtoul(argv[1], NULL, 10));
	add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	if (index + 1 >= argc || install() < 0) {
		perror("deny");
		return 126;
	}
	execvp(argv[index + 1], argv + index + 1);
	perror(argv[index + 1]);
	return 126;
}
