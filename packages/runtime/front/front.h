/*
 * The native front: what /usr/bin/tiffin-runtime is. It answers state, start, kill and delete from the state file
 * where that is simple, and hands everything else to the interpreter, which can do all of it.
 *
 *   main.c       what is asked for, and who answers
 *   arguments.c  argv by table.h (generated from tiffin/runtime/command/table.py)
 *   state.c      reads the state file          status.c    what the container does now
 *   document.c   prints it as JSON             process.c   pids that cannot be mistaken
 *   start.c kill.c delete.c                    log.c       error lines
 *   handover.c   finds the interpreter and becomes it
 *
 * A verb returns an exit code, or HAND_OVER before it has changed anything that Python could not take up.
 */
#ifndef TIFFIN_FRONT_H
#define TIFFIN_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HAND_OVER (-1)
#define CGROUP_MAXIMUM 24
#define PATH_SIZE 4096
#define STATE_SIZE_MAXIMUM (1 << 20)

struct arguments {
	const char *verb;
	const char *root;
	const char *log; /* NULL or "": standard error */
	int log_descriptor;
	bool log_json;
	bool force;
	const char *id;
	const char *signal; /* NULL if none was given */
};

struct cgroup {
	const char *controller;
	const char *directory;
};

/* What the state file holds (docs/architecture.md); texts point into `data`. */
struct container {
	char *data;
	const char *id;
	int64_t pid;
	uint64_t start_time;
	const char *boot;
	const char *bundle;
	const char *rootfs;
	const char *created;
	const char *owner;
	const char *version;
	const char *annotations;
	const char *hooks;
	struct cgroup cgroups[CGROUP_MAXIMUM];
	size_t cgroup_count;
	bool shared_pids;
	bool needs_python; /* systemd unit, resctrl: delete is not simple */
	char directory[PATH_SIZE];
};

enum status { CREATING, CREATED, RUNNING, PAUSED, STOPPED };

/* arguments.c */
bool parse_arguments(int argc, char **argv, struct arguments *arguments);
const char *find_default_root(void);
const char *find_verb_name(int argc, char **argv); /* the first word that is one, or NULL */

/* state.c: 0, or HAND_OVER, or an exit code with the error already logged */
int read_container(const struct arguments *arguments, struct container *container);
void free_container(struct container *container);
bool path_in(const struct container *container, const char *name, char path[PATH_SIZE]);
bool read_text(const char *path, char *text, size_t size);
const char *cgroup_directory(const struct container *container, const char *controller);
bool has_hook(const struct container *container, const char *kind);

/* status.c */
enum status status_of(const struct container *container);
const char *status_name(enum status status);
bool is_frozen(const struct container *container);

/* process.c */
bool is_alive(const struct container *container);
int open_process(const struct container *container);
int signal_process(int descriptor, int signal);
int signal_number(const char *name);

/* document.c */
int print_state(const struct container *container, enum status status);

/* log.c */
bool open_log(struct arguments *arguments);
int fail(const struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* the verbs */
int verb_state(const struct arguments *arguments);
int verb_start(const struct arguments *arguments);
int verb_kill(const struct arguments *arguments);
int verb_delete(const struct arguments *arguments);
int send_signal(const struct arguments *arguments, const struct container *container, int descriptor, int signal);

/* handover.c: returns only if there is nothing to hand over to, with the reason */
const char *hand_over(int argc, char **argv);

/* image.c */
bool snapshot_path(const char *front, char path[PATH_SIZE]);
const char *why_not_resumed(void);

/* resume.c: returns only if there is no snapshot that can be used */
bool resume(const char *path, int argc, char **argv);

static inline void free_container_at(struct container *container)
{
	free_container(container);
}
#define cleanup_container __attribute__((cleanup(free_container_at)))

void close_at(int *descriptor);
#define cleanup_close __attribute__((cleanup(close_at)))

#endif
