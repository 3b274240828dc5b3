/*
 * containerd-shim-tiffin-v2: what containerd executes. What is quick it does itself: `delete` where nothing is left. Where
 * there is a template (src/tiffin/shim/command/template), it has the work done there. Else, and for all that is no daily
 * work, it becomes the same command in Python.
 */
#ifndef FRONT_H
#define FRONT_H

#include <limits.h>
#include <stdbool.h>

#define SHIM "containerd-shim-tiffin-v2"
#define SWITCH "TIFFIN_SHIM_TEMPLATE" /* environment: "no" */

/* A command line, as far as it is daily work. Values of flags that are not given are "". */
struct command {
	const char *action;
	const char *address;
	const char *bundle;
	const char *namespace;
};

/* Whether it is daily work: `start` or `delete`, with containerd's flags. */
bool read_command(int argc, char **argv, struct command *command);

/* `delete` where nothing is left: answers, and returns true. */
bool answer_delete(const struct command *command);

/* Has it done by the template of that containerd; the exit code, or -1: it is to be done here. */
int ask_template(int argc, char **argv, const char *folder, const char *address);

#endif
