/* stepper REPORT ROLE STEP COMMAND...: runs a command of the runtime under ptrace(2), as if every system call were a failpoint.
 *
 * Its processes have roles: `controller` is the command itself, `launcher` the tiffin-core that it starts, `init` the child
 * that the launcher makes for it (CLONE_PARENT), up to its execve. A step is the entry of a system call.
 *
 *   STEP 0   nothing is disturbed; REPORT gets a line `ROLE NUMBER` for each step.
 *   STEP n   the process of ROLE is killed by SIGKILL when it is about to do its n-th system call; REPORT gets `killed`.
 *
 * The exit code is the command's, 128 and the signal's number if it was killed. What the command leaves runs on,
 * untraced: processes are seized, and the end of the tracer lets them go. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define PROCESSES 64
#define OPTIONS                                                                                                        \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)
#define SYSCALL_STOP (SIGTRAP | 0x80)

enum role { OTHER, CONTROLLER, LAUNCHER, INIT };

static const char *const role_names[] = { "other", "controller", "launcher", "init" };

struct process {
	pid_t pid;
	enum role role;
	unsigned long steps;
};

static struct process processes[PROCESSES];
static size_t process_count;
static FILE *report;
static enum role wanted_role;
static unsigned long wanted_step;

static void die(const char *what)
{
	fprintf(stderr, "stepper: %s: %s\n", what, strerror(errno));
	exit(250);
}

static struct process *process_of(pid_t pid)
{
	for (size_t index = 0; index < process_count; index++) {
		if (processes[index].pid == pid)
			return &processes[index];
	}
	if (process_count == PROCESSES) {
		errno = E2BIG;
		die("processes");
	}
	processes[process_count] = (struct process){ .pid = pid, .role = OTHER };
	return &processes[process_count++];
}

static bool is_the_core(pid_t pid)
{
	static const char name[] = "tiffin-core";
	char path[32];
	char text[sizeof(name)] = "";
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	length = fread(text, 1, sizeof(name), file);
	fclose(file);
	return length == sizeof(name) && memcmp(text, name, sizeof(name)) == 0;
}

static pid_t parent_of(pid_t pid)
{
	char path[32];
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

/* An execve makes the controller's child a launcher, and ends what init does for the runtime. */
static void learn_from_exec(struct process *process)
{
	if (process->role == INIT)
		process->role = OTHER;
	else if (process->role == OTHER && parent_of(process->pid) == processes[0].pid && is_the_core(process->pid))
		process->role = LAUNCHER;
}

/* The first stop of a new process, which may be seen before its parent tells of it. */
static void learn_from_birth(struct process *process)
{
	if (process->role == OTHER && parent_of(process->pid) == processes[0].pid && is_the_core(process->pid))
		process->role = INIT;
}

/* Counts a step; true if the process was killed instead. */
static bool take_step(struct process *process)
{
	struct ptrace_syscall_info information;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(information), &information) < 0)
		return false;
	if (information.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	process->steps++;
	if (wanted_step == 0)
		fprintf(report, "%s %llu\n", role_names[process->role], (unsigned long long)information.entry.nr);
	else if (process->role == wanted_role && process->steps == wanted_step) {
		fprintf(report, "killed\n");
		if (kill(process->pid, SIGKILL) < 0)
			die("kill");
		return true;
	}
	return false;
}

static bool is_watched(const struct process *process)
{
	if (process->role == OTHER)
		return false;
	return wanted_step == 0 || (process->role == wanted_role && process->steps < wanted_step);
}

static void go_on(const struct process *process, int signal)
{
	/* ESRCH: it was killed by somebody meanwhile */
	if (ptrace(is_watched(process) ? PTRACE_SYSCALL : PTRACE_CONT, process->pid, NULL, (long)signal) < 0 &&
	    errno != ESRCH)
		die("continue");
}

static void attend(struct process *process, int status)
{
	int signal = WSTOPSIG(status);
	int event = status >> 16;

	if (signal == SYSCALL_STOP) {
		if (take_step(process))
			return;
		signal = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		learn_from_exec(process);
	} else if (event == PTRACE_EVENT_STOP) {
		learn_from_birth(process);
	}
	go_on(process, event ? 0 : signal);
}

/* Until the command itself has ended. */
static int follow(pid_t controller)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno != EINTR)
			die("wait");
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status))
			attend(process_of(pid), status);
		else if (pid == controller)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		else
			process_of(pid)->pid = 0; /* its number may be used again */
	}
}

/* The command waits until it is seized. */
static pid_t start(char **command)
{
	int ends[2];
	pid_t pid;
	char byte;

	if (pipe(ends) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 0)
			_exit(250);
		close(ends[0]);
		execvp(command[0], command);
		_exit(250);
	}
	close(ends[0]);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (long)OPTIONS) < 0)
		die("seize");
	process_of(pid)->role = CONTROLLER;
	close(ends[1]);
	return pid;
}

static enum role role_called(const char *name)
{
	for (int role = CONTROLLER; role <= INIT; role++) {
		if (strcmp(name, role_names[role]) == 0)
			return (enum role)role;
	}
	return OTHER;
}

int main(int argc, char **argv)
{
	int code;

	if (argc < 5)
		return 250;
	report = fopen(argv[1], "we");
	if (!report)
		die(argv[1]);
	wanted_role = role_called(argv[2]);
	wanted_step = strtoul(argv[3], NULL, 10);
	code = follow(start(argv + 4));
	return fclose(report) == 0 ? code : 250;
}
