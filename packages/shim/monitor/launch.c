/* launch.h tells what this is. vfork: the child borrows our memory till execve, so nothing is copied, and an errno of it
 * reaches us by a variable. Our threads are one, our signal handlers none. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGHEST_SIGNAL 64
#define OOM_SCORE "/proc/self/oom_score_adj"
#define OWN_OOM_SCORE "-999" /* containerd's shims have -998 under systemd's containerd, conmon -1000 */

static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ, SIGXCPU};
static struct rlimit files_before;
static char score_before[16]; /* "": as ours */

void set_own_signals(void)
{
	sigset_t blocked;
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGCHLD, SIG_DFL); /* one that was ignored before our execve would have children reaped by the kernel */
}

static bool set_score(const char *score)
{
	int descriptor = open(OOM_SCORE, O_WRONLY | O_CLOEXEC);
	bool done = descriptor >= 0 && write(descriptor, score, strlen(score)) > 0;
	if (descriptor >= 0)
		close(descriptor);
	return done;
}

void set_own_limits(void)
{
	int descriptor = open(OOM_SCORE, O_RDONLY | O_CLOEXEC);
	ssize_t length = descriptor < 0 ? -1 : read(descriptor, score_before, sizeof score_before - 1);
	if (descriptor >= 0)
		close(descriptor);
	if (length <= 0 || !set_score(OWN_OOM_SCORE))
		score_before[0] = 0; /* not permitted: then there is nothing to give back either */
	if (getrlimit(RLIMIT_NOFILE, &files_before) == 0) {
		struct rlimit all = {files_before.rlim_max, files_before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &all);
	}
}

void launch_give(struct launch *launch, int descriptor, int number)
{
	if (launch->count < MOST_GIVEN)
		launch->given[launch->count] = (struct given){descriptor, number};
	launch->count++;
}

/* First all are moved out of the way, above every number that is asked for; then each gets its own. */
static int place_descriptors(const struct launch *launch)
{
	int moved[MOST_GIVEN], highest = 2;
	for (size_t i = 0; i < launch->count; i++)
		if (launch->given[i].number > highest)
			highest = launch->given[i].number;
	for (size_t i = 0; i < launch->count; i++) {
		moved[i] = fcntl(launch->given[i].descriptor, F_DUPFD_CLOEXEC, highest + 1);
		if (moved[i] < 0)
			return -1;
	}
	for (size_t i = 0; i < launch->count; i++)
		if (dup2(moved[i], launch->given[i].number) < 0)
			return -1;
	return 0;
}

static void restore_defaults(void)
{
	static const uint64_t by_default[8]; /* the kernel's struct, whatever its layout: SIG_DFL, no flags, an empty mask */
	sigset_t none;
	/* by the system call: glibc's posix_spawn leaves two of its own signals ignored, and its sigaction does not touch them */
	for (int number = 1; number <= HIGHEST_SIGNAL; number++)
		syscall(SYS_rt_sigaction, number, by_default, NULL, HIGHEST_SIGNAL / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (score_before[0])
		set_score(score_before);
	setrlimit(RLIMIT_NOFILE, &files_before);
}

pid_t launch_program(const struct launch *launch)
{
	volatile int error = 0;
	sigset_t all, before;
	pid_t pid;
	if (launch->count > MOST_GIVEN) {
		errno = EINVAL;
		return -1;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (pid == 0) {
		if (place_descriptors(launch) == 0) {
			restore_defaults();
			if (chdir(*launch->directory ? launch->directory : "/") == 0)
				execve(launch->argv[0], (char **)launch->argv, launch->environment ? (char **)launch->environment : environ);
		}
		error = errno ? errno : EINVAL;
		_exit(127);
	}
	if (pid < 0)
		error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid > 0 && error)
		waitpid(pid, NULL, 0);
	errno = error;
	return error ? -1 : pid;
}
