/* tiffin-monitor DIRECTORY LOG: the parent of one container's processes. Started by tiffin.shim.monitor with a connected
 * socket as descriptor 3, its first client, which is told when it is ready. packages/shim/monitor/README.md draws it.
 *
 * It is nobody's child: what was started forks once and ends, so that whoever starts monitors need not reap them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "launch.h"
#include "log.h"
#include "loop.h"
#include "memory.h"
#include "process.h"
#include "reaper.h"

#define FIRST_CLIENT 3
#define USAGE "tiffin-monitor: started by tiffin.shim.monitor; it does nothing by itself\n"

bool quitting;

/* The directory is the working directory; its lock says that a monitor lives in it. */
static int enter(const char *directory)
{
	int descriptor;
	if (chdir(directory) < 0 || (descriptor = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
		return 0;
	errno = errno == EWOULDBLOCK ? EEXIST : errno;
	return -1;
}

/* The client has only us to learn it from. */
static int refuse(int error)
{
	return refuse_connection(FIRST_CLIENT, error_of(error), error, "start") < 0 ? 3 : 1;
}

static void close_inherited(void)
{
	if (syscall(SYS_close_range, FIRST_CLIENT + 1, ~0U, 0) == 0)
		return;
	for (int descriptor = FIRST_CLIENT + 1; descriptor < 1024; descriptor++) /* Linux before 5.9 */
		close(descriptor);
}

static int open_all(void)
{
	set_own_signals();
	set_own_limits();
	if (memory_open() < 0 || loop_open() < 0 || reaper_open() < 0)
		return -1;
	return control_open(FIRST_CLIENT);
}

static void run(void)
{
	bool recorded = true;
	while (!quitting && (has_clients() || !nothing_left_to_do())) {
		loop_once(!recorded); /* a full disk tells nobody when it has room again */
		reap_if_due();
		recorded = try_records_again();
	}
	unlink("monitor.sock");
}

int main(int argc, char **argv)
{
	pid_t child;
	if (argc != 3 || fcntl(FIRST_CLIENT, F_SETFD, FD_CLOEXEC) < 0)
		return write(2, USAGE, sizeof USAGE - 1) < 0 ? 3 : 2;
	close_inherited();
	if (enter(argv[1]) < 0) /* the lock is the child's too */
		return refuse(errno);
	child = fork();
	if (child != 0)
		return child < 0 ? refuse(errno) : 0;
	setsid();
	log_to(argv[2]);
	if (open_all() < 0)
		return refuse(errno);
	run();
	return 0;
}
