/* Makes system calls from a file, each in a thread of a process of its own, and tells what became of each.
 *
 *     probe CALLS [FILTER FLAGS]
 *
 * A line of CALLS is `abi number a0 a1 a2 a3 a4 a5` (abi: native or i386); FILTER is an array of struct sock_filter,
 * installed first. A line of the output is one of `errno N`, `returned`, `trap N` (si_errno), `killed thread`,
 * `killed process`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct call {
	char abi[16];
	long number;
	unsigned long arguments[6];
};

struct result {
	enum { NOTHING, ERRNO, RETURNED, TRAPPED } kind;
	int value;
};

static struct result *result; /* shared with the child */

static void on_sigsys(int signal_number, siginfo_t *information, void *context)
{
	(void)signal_number;
	(void)context;
	result->kind = TRAPPED;
	result->value = information->si_errno;
	syscall(SYS_exit_group, 0);
}

static long call_i386(const struct call *call)
{
#ifdef __x86_64__
	long returned;
	__asm__ volatile("int $0x80"
	                 : "=a"(returned)
	                 : "a"(call->number), "b"(call->arguments[0]), "c"(call->arguments[1]), "d"(call->arguments[2]),
	                   "S"(call->arguments[3]), "D"(call->arguments[4])
	                 : "memory", "r8", "r9", "r10", "r11");
	if (returned < 0 && returned > -4096) {
		errno = (int)-returned;
		return -1;
	}
	return returned;
#else
	(void)call;
	errno = ENOSYS;
	return -1;
#endif
}

static void *make_call(void *argument)
{
	const struct call *call = argument;
	const unsigned long *a = call->arguments;
	long returned = strcmp(call->abi, "i386") == 0
	                        ? call_i386(call)
	                        : syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	result->kind = returned == -1 ? ERRNO : RETURNED;
	result->value = returned == -1 ? errno : 0;
	return NULL;
}

static _Noreturn void child(struct call *call)
{
	struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
	pthread_t thread;
	sigaction(SIGSYS, &action, NULL);
	if (pthread_create(&thread, NULL, make_call, call) != 0)
		_exit(3);
	pthread_join(thread, NULL); /* also returns when the kernel killed the thread alone */
	_exit(0);
}

static void report(struct call *call)
{
	int status;
	*result = (struct result){.kind = NOTHING};
	pid_t pid = fork();
	if (pid == 0)
		child(call);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		printf("killed process\n");
	else if (WEXITSTATUS(status) != 0)
		printf("probe failed %d\n", WEXITSTATUS(status));
	else if (result->kind == NOTHING)
		printf("killed thread\n");
	else if (result->kind == RETURNED)
		printf("returned\n");
	else
		printf("%s %d\n", result->kind == TRAPPED ? "trap" : "errno", result->value);
}

static void install(const char *path, unsigned int flags)
{
	static struct sock_filter instructions[BPF_MAXINSNS];
	int descriptor = open(path, O_RDONLY);
	ssize_t size = read(descriptor, instructions, sizeof(instructions));
	struct sock_fprog program = {.len = (unsigned short)(size / 8), .filter = instructions};
	close(descriptor);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0) {
		perror("seccomp");
		exit(2);
	}
}

int main(int count, char **arguments)
{
	static struct call calls[512];
	size_t length = 0;
	FILE *file = count >= 2 ? fopen(arguments[1], "r") : NULL;
	if (file == NULL)
		return 2;
	while (length < 512) {
		struct call *call = &calls[length];
		unsigned long *a = call->arguments;
		if (fscanf(file, "%15s %ld %lu %lu %lu %lu %lu %lu", call->abi, &call->number, a, a + 1, a + 2, a + 3, a + 4,
		           a + 5) != 8)
			break;
		length++;
	}
	fclose(file);
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IONBF, 0);
	if (count == 4)
		install(arguments[2], (unsigned int)strtoul(arguments[3], NULL, 0));
	for (size_t index = 0; index < length; index++)
		report(&calls[index]);
	return 0;
}
