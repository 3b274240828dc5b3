/* The mounts of this process's mount namespace, one after another (proc_pid_mountinfo(5)). */
#ifndef TIFFIN_MOUNT_TABLE_H
#define TIFFIN_MOUNT_TABLE_H

#include <limits.h>
#include <stdio.h>

#include "core.h"

struct mount_entry {
	char root[PATH_MAX];  /* what of its file system is mounted */
	char point[PATH_MAX]; /* where */
	char rest[512];       /* tags of propagation, then " - " and the type of the file system */
};

/* NULL with a failure; the caller closes it. */
FILE *open_mount_table(const struct context *context);
bool next_mount(FILE *table, struct mount_entry *entry);

bool is_shared_mount(const struct mount_entry *entry);
bool has_type(const struct mount_entry *entry, const char *type);

/* Whether a path is a directory, or below it; "/" has all. */
bool is_below(const char *path, const char *directory);

#endif
