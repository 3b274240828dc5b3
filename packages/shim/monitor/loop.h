/* The event loop: epoll, level-triggered, one event at a time, so that a handler may free whatever it likes. When nothing has
 * happened for a second, memory is given back; from then on it waits without a timer, and costs nothing, unless something
 * is to be tried again. */
#ifndef TIFFIN_MONITOR_LOOP_H
#define TIFFIN_MONITOR_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* One descriptor that is waited for; part of what it belongs to (owner_of). */
struct watch {
	int descriptor;     /* -1: none */
	uint32_t events;    /* what it waits for; 0: it is not in the set, since EPOLLHUP cannot be masked */
	void (*ready)(struct watch *watch, uint32_t events);
};

#define owner_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

int loop_open(void);

/* Sets what a watch waits for; 0 or -1 with errno. The same as before costs nothing. */
int watch_for(struct watch *watch, uint32_t events);

/* Takes it from the set and closes its descriptor; once more is no error. */
void watch_close(struct watch *watch);

/* Waits for one event and handles it. `again`: returns after a second at most, to try something again. */
void loop_once(bool again);

#endif
