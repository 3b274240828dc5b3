/* One process that is monitored, from the request that starts it until it is forgotten. */
#ifndef TIFFIN_MONITOR_PROCESS_H
#define TIFFIN_MONITOR_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sink.h"
#include "stream.h"
#include "wire.h"

#define LONGEST_NAME 80
#define INIT "init"

enum stage {
	STAGE_STARTING, /* its command runs, or it was spawned and is not adopted */
	STAGE_LIVING,
	STAGE_ENDED,
};

/* oom.c: where the kernel counts what its OOM killer did in the process's memory cgroup. */
struct oom_counter {
	int descriptor; /* -1: there is none */
	int64_t before;
};

struct end {
	int64_t status, signal, at, oom_killed;
};

/* console.c: how the pty's master comes; the master, for its size; its other end, once nobody else has that open. */
struct console {
	struct watch listener, connection;
	int terminal, other_end;
};

struct start;

struct process {
	struct process *next;
	int64_t number;      /* of the process in this monitor; grows */
	char name[LONGEST_NAME + 1];
	enum stage stage;
	struct start *start; /* while it is STAGE_STARTING */
	bool terminal;
	pid_t pid;
	int64_t start_time;
	struct oom_counter oom;
	struct end end;
	bool recorded;       /* its end is on disk */
	bool told;
	bool drained;
	uint64_t lost;       /* bytes that sinks could not take */
	struct sink *sinks;
	struct output outputs[2];
	struct input input;
	struct console console;
};

/* processes.c */
extern struct process *processes; /* by number */
struct process *process_named(const char *name);
struct process *process_add(const char *name);     /* NULL with errno: EINVAL, EEXIST, ENOMEM ... */
void process_remove(struct process *process);      /* with its folder, whatever is left of it */
void process_free(struct process *process);
void process_ended(struct process *process, const struct end *end); /* writes it down */
void process_tell_end(struct process *process);
void process_progress(struct process *process);    /* something may have been the last of its output */
void resume_outputs(struct process *process);
bool try_records_again(void);                      /* false: an end is still not on disk */
bool nothing_left_to_do(void);

/* start.c */
struct connection;
void start_process(struct connection *client, uint32_t serial, const unsigned char *body, size_t length, int *given, size_t count);
void start_logger_ready(struct process *process, bool well);

/* outcome.c */
void start_client_gone(const struct connection *client);
bool start_is_spawn(const struct process *process);
pid_t start_command(const struct process *process); /* what is waited for; 0: nothing */
void start_command_ended(struct process *process, int64_t status);
void start_command_reaped(pid_t pid);              /* nobody waits for it; the pid may be another's from now on */
void start_given_up(struct process *process);      /* forget */

/* adopt.c; 0 or -1 with errno */
int start_adopt(struct process *process, pid_t pid);

/* logger.c: adds its two sinks; 0 or -1 with errno */
int logger_start(struct process *process, const struct wire_sink *asked);

bool logger_ended(pid_t pid); /* false: it is none */
bool loggers_live(void);
void loggers_terminate(void);

/* oom.c */
void oom_open(struct oom_counter *counter, pid_t pid);
bool oom_happened(struct oom_counter *counter);
void oom_close(struct oom_counter *counter);

/* console.c */
void console_init(struct process *process);
int console_listen(struct process *process);
int console_connect(struct process *process);      /* the end that a program gets, the caller's to close */
bool console_keep(struct process *process);        /* nobody has it open: true: it stays, for who opens it again */
void console_finish(struct process *process);      /* takes what is there already, and waits no more */
void console_free(struct process *process);

/* records.c; 0 or -1 with errno */
int record_folder(const char *name);
int record_pid(const struct process *process);
int record_end(const struct process *process);
void record_forget(const char *name);
int64_t start_time_of(pid_t pid);                  /* 0: there is no such process */

#endif
