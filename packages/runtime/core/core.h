/* What every part of the core shares: the decoded plan, the state of the process that executes it, and how a
 * failure is told. Start with main.c; docs/architecture.md draws the launch protocol. */
#ifndef TIFFIN_CORE_H
#define TIFFIN_CORE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"

struct operation {
	uint16_t number;
	uint16_t step;
	const struct wire_layout *layout;
	const void *fields; /* the struct of wire.h for this number */
};

struct plan {
	uint32_t flags;
	size_t count;
	struct operation *operations;
};

#define PLAN_TRACE 1

#define SLOTS 256

/* One launcher, and the init that inherits a copy of this from it. */
struct context {
	const struct plan *plan;
	int messages;        /* to the controller */
	int go;              /* from the controller */
	int lock;            /* the container's lock, held until its state tells of init; or -1 */
	int launcher;        /* init's end of the socket pair with the launcher, or -1 */
	int host_proc;       /* O_PATH of the host's /proc, checked to be procfs */
	int rootfs;          /* O_PATH of the root of all targets; "/" after pivot_root */
	int fifo;            /* start FIFO, opened by the launcher */
	int console;         /* console socket, connected by the launcher */
	int listener;        /* seccomp listener socket, connected by the launcher */
	int cgroup;          /* directory for CLONE_INTO_CGROUP */
	uint64_t namespaces; /* CLONE_NEW flags of the clone */
	uint64_t made;       /* those that the launcher made for init before there was a plan, and is in itself */
	bool late_time;      /* the time namespace of those is still to be made, by init */
	pid_t init;          /* in the launcher: init's pid */
	pid_t host_pid;      /* in init: its pid as the caller sees it */
	bool nothing_shared; /* no mount of this namespace has peers that would get what is mounted below it */
	bool pivoted;
	bool in_directory;   /* the working directory is the program's, not the host's procfs any more */
	int trees[SLOTS];    /* open_tree slots; -1: the launcher could not open it */
	bool idmapped[SLOTS];
	char *program;       /* what find_program found */
	const char *home;    /* HOME=..., from set_environment_home */
};

#define CLEANUP(function) __attribute__((cleanup(function)))
#define CLOSING CLEANUP(close_descriptor)
void close_descriptor(int *descriptor);

/* decode.c: 0, or -1 with a failure told by fail(). Everything points into the blob or is allocated for good. */
int decode_plan(unsigned char *blob, size_t length, struct plan *plan);

/* failure.c: the one failure of this process; the first detail stands, and errno keeps its reason. Macros, so that the
 * compiler sees that what follows a failure does not run. */
void note_failure(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define fail_with(error, ...) (note_failure((error), __VA_ARGS__), -1)
#define fail(...) fail_with(errno, __VA_ARGS__)
int failure_errno(void);
const char *failure_text(void);
void forget_failure(void);

/* report.c: messages to the controller. If it is gone, those that say how far the process is end it. */
void report(const struct context *context, enum wire_message type, int operation, int error, int64_t a, int64_t b, const char *text);
int index_of(const struct context *context, const struct operation *operation);

/* namespaces.c: makes a time namespace, with these offsets (NULL: none), and enters it. */
int enter_new_time_namespace(struct context *context, const char *offsets);

/* launcher.c, init.c */
int run_launcher(struct context *context);
_Noreturn void run_init(struct context *context);
int execute_step(struct context *context, enum wire_step step);
int64_t start_time_of(struct context *context, pid_t pid); /* field 22 of /proc/PID/stat, 0 if there is none */
const struct operation *find_operation(const struct plan *plan, enum wire_operation number);

/* program.c: what a program finds at its start: no signal ignored, none blocked. */
void reset_signals(void);

/* synchronisation.c: one byte, or the end of this process: whoever was to send it is gone, and nobody else will. */
void wait_for_byte(int descriptor);
_Noreturn void end_orphaned(const struct context *context);

/* dispatch.c: the table from an operation's number to the function that executes it. */
int execute_operation(struct context *context, const struct operation *operation);

#endif
