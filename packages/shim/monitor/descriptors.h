/* Small things about descriptors that several topics need. */
#ifndef TIFFIN_MONITOR_DESCRIPTORS_H
#define TIFFIN_MONITOR_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

#define LINK_SPACE 32

/* "/proc/self/fd/N" */
const char *link_of(int descriptor, char path[LINK_SPACE]);

#define PROC_SPACE 64

/* "/proc/PID/FILE" */
const char *proc_path(pid_t pid, const char *file, char path[PROC_SPACE]);

/* A non-blocking descriptor for the same file as somebody else's, under a file description of our own where the kernel
 * allows that, so that the other's does not change its mode under him; -1 with errno. `socket`: it is one, and is
 * written to with MSG_DONTWAIT. `access`: O_RDONLY or O_WRONLY. */
int own_description(int descriptor, int access, bool *socket);

/* Sets O_NONBLOCK. */
int make_nonblocking(int descriptor);

#endif
