/* The ends of children: recorded first, then reaped, then told.
 *
 * While a pid may still be told to us (a command runs, a spawn is not adopted) only children that we know are reaped: the
 * kernel keeps the ends of the others, and no pid of them is given to another process. */
#include "reaper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "process.h"

static struct watch signals = {.descriptor = -1};
static bool due;

static void child_ended(struct watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;
	(void)events;
	if (read(watch->descriptor, &info, sizeof info) == sizeof info)
		due = true;
}

int reaper_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signals.ready = child_ended;
	signals.descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.descriptor < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -1;
	return watch_for(&signals, EPOLLIN);
}

void reap_soon(void)
{
	due = true;
}

static struct end end_of(const siginfo_t *info)
{
	struct timespec now;
	bool killed = info->si_code != CLD_EXITED;
	clock_gettime(CLOCK_REALTIME, &now);
	return (struct end){
		.status = killed ? 128 + info->si_status : info->si_status, .signal = killed ? info->si_status : 0,
		.at = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
	};
}

static struct process *process_of(pid_t pid)
{
	for (struct process *process = processes; process; process = process->next)
		if ((process->stage == STAGE_LIVING && process->pid == pid) || start_command(process) == pid)
			return process;
	return NULL;
}

/* Looks for one dead child; false: there is none. pid 0: any. */
static bool reap_one(pid_t pid)
{
	siginfo_t info = {0};
	struct process *process;
	struct end end;
	if (waitid(pid ? P_PID : P_ALL, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return false;
	end = end_of(&info);
	process = process_of(info.si_pid);
	if (process && process->stage == STAGE_LIVING)
		process_ended(process, &end);
	waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
	if (!process)
		logger_ended(info.si_pid);
	if (process && process->stage == STAGE_ENDED)
		process_tell_end(process);
	else if (process)
		start_command_ended(process, end.status);
	return true;
}

static bool pid_may_be_told(void)
{
	for (const struct process *process = processes; process; process = process->next)
		if (process->stage == STAGE_STARTING)
			return true;
	return false;
}

static bool reap_known(void)
{
	for (const struct process *process = processes; process; process = process->next) {
		pid_t pid = process->stage == STAGE_LIVING ? process->pid : start_command(process);
		if (pid > 0 && reap_one(pid))
			return true; /* the list may be another one now */
	}
	return false;
}

void reap_if_due(void)
{
	if (!due)
		return;
	due = false;
	while (pid_may_be_told() ? reap_known() : reap_one(0))
		;
}

bool has_children(void)
{
	siginfo_t info = {0};
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0) {
		if (info.si_pid == 0)
			return true;
		start_command_reaped(info.si_pid);
		logger_ended(info.si_pid);
		info.si_pid = 0;
	}
	return false;
}
