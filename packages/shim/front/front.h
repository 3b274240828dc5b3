/*
 * containerd-shim-tiffin-v2: what containerd executes. Where there is a template (src/tiffin/shim/command/template), it has
 * the work done there; else, and for all that is no daily work, it becomes the same command in Python.
 */
#ifndef FRONT_H
#define FRONT_H

#include <limits.h>
#include <stdbool.h>

#define SHIM "containerd-shim-tiffin-v2"
#define SWITCH "TIFFIN_SHIM_TEMPLATE" /* environment: "no" */

/* Whether a template may do this command line; with the value of -address. */
bool is_daily_work(int argc, char **argv, const char **address);

/* The folder that this program lies in, without links. */
bool find_folder(char folder[PATH_MAX]);

/* Has it done by the template of that containerd; the exit code, or -1: it is to be done here. */
int ask_template(int argc, char **argv, const char *folder, const char *address);

#endif
