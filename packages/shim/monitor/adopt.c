/* A process becomes one of ours: its pid is told by a pid file or by a client, and it is a child that is not reaped. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "start.h"
#include "text.h"

int start_adopt(struct process *process, pid_t pid)
{
	siginfo_t info;
	for (const struct process *other = processes; other; other = other->next)
		if (other->stage == STAGE_LIVING && other->pid == pid) {
			errno = EEXIST;
			return -1;
		}
	if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
		errno = ECHILD;
		return -1;
	}
	process->pid = pid;
	process->start_time = start_time_of(pid);
	oom_open(&process->oom, pid);
	if (record_pid(process) < 0)
		warn(process->name, "its pid cannot be written:", "pid", errno);
	watch_for(&process->console.listener, EPOLLIN); /* there may have been no descriptor for its terminal before */
	process->stage = STAGE_LIVING;
	free_start(process);
	return 0;
}

pid_t read_pid_file(const char *path)
{
	char text[32];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t length = descriptor < 0 ? -1 : read(descriptor, text, sizeof text - 1);
	if (descriptor >= 0)
		close(descriptor);
	if (length <= 0)
		return -1;
	text[length] = 0;
	return number_in(text) > INT32_MAX ? -1 : (pid_t)number_in(text);
}
