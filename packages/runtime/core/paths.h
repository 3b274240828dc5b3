/* Paths inside the root file system, which is hostile: links in it must not lead out, not even while they are swapped
 * for one another (CVE-2021-30465). Everything is opened beneath context->rootfs, and used by its descriptor. */
#ifndef TIFFIN_PATHS_H
#define TIFFIN_PATHS_H

#include "core.h"

/* O_PATH and friends; links are resolved as if the rootfs were "/". Returns a descriptor or -1 with errno (no fail()). */
int open_in_root(const struct context *context, const char *path, int flags);
/* The same, but the last component must not be a link. */
int open_in_root_nofollow(const struct context *context, const char *path, int flags);
/* Opens a directory, making it and its parents where they are missing. Returns a descriptor or -1 with fail(). */
int make_directory_in_root(const struct context *context, const char *path, mode_t mode);
/* Opens a place for a mount: a directory, or a regular file if is_file, made where it is missing. */
int make_target(const struct context *context, const char *path, bool is_file, bool follow);
/* Opens the directory that holds the last component (making it), and gives that component's name. */
int open_parent(const struct context *context, const char *path, const char **name);

/* "self/fd/N", relative to the host's procfs, which is the working directory of init while it executes. */
struct descriptor_path {
	char text[32];
};
struct descriptor_path path_of(int descriptor);

bool is_procfs(int descriptor);
bool is_procfs_path(const char *path);
/* rootfs.c: the flags of the mount that a descriptor is on, as mount(2) has them. */
unsigned long mount_flags_of(int descriptor);
/* The same file: remounts with more flags, keeping those that are there. */
int add_mount_flags(int target, unsigned long flags, const char *path);
/* mounts.c: whether something may be mounted here; brings_procfs: what is mounted is a procfs. -1 with fail() if not. */
int check_target(int target, const char *path, bool brings_procfs);
#endif
