/* Processes that cannot be mistaken for others: by pid, start time and boot, then by pidfd. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "front.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define START_TIME_FIELD 22
#define STATE_FIELD 3

/* Whether /proc/PID/stat tells of a process that lives and started when ours did. */
static bool same_process(const struct container *container)
{
	char path[64];
	char text[4096];
	char *field;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)container->pid);
	if (!read_text(path, text, sizeof(text)))
		return false;
	field = strrchr(text, ')'); /* the name of a program may hold anything */
	if (!field || strlen(field) < 3)
		return false;
	field += 2;
	if (*field == 'Z' || *field == 'X')
		return false;
	for (int number = STATE_FIELD; number < START_TIME_FIELD; number++) {
		field = strchr(field, ' ');
		if (!field)
			return false;
		field++;
	}
	return strtoull(field, NULL, 10) == container->start_time;
}

static bool same_boot(const struct container *container)
{
	char boot[64];

	if (!container->boot || !*container->boot)
		return true;
	return read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) && strcmp(boot, container->boot) == 0;
}

bool is_alive(const struct container *container)
{
	return container->pid > 0 && same_process(container) && same_boot(container);
}

/* A pidfd of the container's init, verified after it was opened; -1 with errno (ESRCH: it is gone). */
int open_process(const struct container *container)
{
	int descriptor = (int)syscall(SYS_pidfd_open, (pid_t)container->pid, 0);

	if (descriptor < 0)
		return -1;
	if (is_alive(container))
		return descriptor;
	close(descriptor);
	errno = ESRCH;
	return -1;
}

int signal_process(int descriptor, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP },     { "INT", SIGINT },       { "QUIT", SIGQUIT }, { "ILL", SIGILL },   { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },   { "IOT", SIGABRT },      { "BUS", SIGBUS },   { "FPE", SIGFPE },   { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },   { "SEGV", SIGSEGV },     { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },   { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD },  { "CONT", SIGCONT },
	{ "STOP", SIGSTOP },   { "TSTP", SIGTSTP },     { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
	{ "XCPU", SIGXCPU },   { "XFSZ", SIGXFSZ },     { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH },
	{ "IO", SIGIO },       { "POLL", SIGIO },       { "PWR", SIGPWR },   { "SYS", SIGSYS },
};

/* A signal by number or by name, with or without SIG; -1 if there is no such one. */
int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (end != name && *end == '\0')
		return number < 0 || number > 1024 ? 1024 : (int)number; /* the kernel refuses it */
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t index = 0; index < sizeof(signals) / sizeof(signals[0]); index++) {
		if (strcasecmp(name, signals[index].name) == 0)
			return signals[index].number;
	}
	return -1;
}
