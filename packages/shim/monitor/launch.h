/* Starts a program as our child. */
#ifndef TIFFIN_MONITOR_LAUNCH_H
#define TIFFIN_MONITOR_LAUNCH_H

#include <stddef.h>
#include <sys/types.h>

#define MOST_GIVEN 64

struct given {
	int descriptor; /* ours */
	int number;     /* the program's */
};

struct launch {
	const char *const *argv;        /* argv[0] is the path */
	const char *const *environment; /* NULL: ours */
	const char *directory;          /* "": / */
	struct given given[MOST_GIVEN]; /* the program has these and no others */
	size_t count;
};

void launch_give(struct launch *launch, int descriptor, int number); /* too many: launch_program says EINVAL */
pid_t launch_program(const struct launch *launch); /* -1 with errno, also if it could not be executed */

/* The monitor is the last that the kernel's OOM killer should take, and has as many descriptors as it may; programs that it
 * starts get back what the monitor was started with. */
void set_own_limits(void);

/* Signals that may not end the monitor are ignored, SIGCHLD is blocked; a program gets all as they are by default. */
void set_own_signals(void);

#endif
