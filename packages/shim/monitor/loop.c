/* loop.h tells what this is. */
#include "loop.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define REST_AFTER_MILLISECONDS 1000

static int set = -1;

int loop_open(void)
{
	set = epoll_create1(EPOLL_CLOEXEC);
	return set < 0 ? -1 : 0;
}

int watch_for(struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int operation = !events ? EPOLL_CTL_DEL : watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (watch->events == events)
		return 0;
	if (watch->descriptor < 0 || epoll_ctl(set, operation, watch->descriptor, &event) < 0)
		return -1;
	watch->events = events;
	return 0;
}

void watch_close(struct watch *watch)
{
	if (watch->descriptor < 0)
		return;
	watch_for(watch, 0); /* another descriptor may stand for the same file, and close would leave it in the set */
	close(watch->descriptor);
	watch->descriptor = -1;
	watch->events = 0;
}

void loop_once(bool again)
{
	static bool at_rest;
	struct epoll_event event;
	struct watch *watch;
	long count = syscall(SYS_epoll_pwait, set, &event, 1, at_rest && !again ? -1 : REST_AFTER_MILLISECONDS, NULL, 0);
	if (count == 0) {
		at_rest = true;
		memory_trim();
	}
	if (count != 1)
		return; /* EINTR: a stop and continue */
	at_rest = false;
	watch = event.data.ptr;
	watch->ready(watch, event.events);
}
