/* System calls, structs and numbers that glibc 2.36 has no wrapper for. Numbers are the generic ones, the same on
 * every architecture since Linux 5.1; each line says since when the kernel has the call. */
#ifndef TIFFIN_SYSCALLS_H
#define TIFFIN_SYSCALLS_H

#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct clone_arguments { /* struct clone_args of clone3(2), Linux 5.3; cgroup since 5.7 */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct open_how_arguments { /* struct open_how of openat2(2), Linux 5.6 */
	uint64_t flags, mode, resolve;
};

struct mount_attributes { /* struct mount_attr of mount_setattr(2), Linux 5.12 */
	uint64_t set, clear, propagation, userns_fd;
};

struct scheduling_attributes { /* struct sched_attr of sched_setattr(2), Linux 3.14, its first size */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define RESOLVE_NO_XDEV_ 0x01
#define RESOLVE_NO_MAGICLINKS_ 0x02
#define RESOLVE_NO_SYMLINKS_ 0x04
#define RESOLVE_BENEATH_ 0x08
#define RESOLVE_IN_ROOT_ 0x10

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#define OPEN_TREE_CLONE_ 1
#define AT_RECURSIVE_ 0x8000
#define MOVE_MOUNT_F_EMPTY_PATH_ 0x04
#define MOVE_MOUNT_T_EMPTY_PATH_ 0x40

#define MOUNT_ATTR_RDONLY_ 0x01
#define MOUNT_ATTR_NOSUID_ 0x02
#define MOUNT_ATTR_NODEV_ 0x04
#define MOUNT_ATTR_NOEXEC_ 0x08
#define MOUNT_ATTR_ATIME_ 0x70
#define MOUNT_ATTR_NOATIME_ 0x10
#define MOUNT_ATTR_STRICTATIME_ 0x20
#define MOUNT_ATTR_NODIRATIME_ 0x80
#define MOUNT_ATTR_NOSYMFOLLOW_ 0x00200000
#define MOUNT_ATTR_IDMAP_ 0x00100000
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

#define ST_NOSYMFOLLOW_ 0x2000 /* statfs(2), Linux 5.10 */

#define PROC_MAGIC 0x9fa0   /* statfs(2): PROC_SUPER_MAGIC */
#define SYSFS_MAGIC 0x62656572

static inline int sys_openat2(int directory, const char *path, struct open_how_arguments *how)
{
	return (int)syscall(437, directory, path, how, sizeof *how);
}

static inline int sys_open_tree(int directory, const char *path, unsigned flags) /* 5.2 */
{
	return (int)syscall(428, directory, path, flags);
}

static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) /* 5.2 */
{
	return (int)syscall(429, from, from_path, to, to_path, flags);
}

static inline int sys_mount_setattr(int directory, const char *path, unsigned flags, struct mount_attributes *attributes)
{
	return (int)syscall(442, directory, path, flags, attributes, sizeof *attributes);
}

static inline int sys_pidfd_open(pid_t pid, unsigned flags) /* 5.3 */
{
	return (int)syscall(434, pid, flags);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags) /* 5.9 */
{
	return (int)syscall(436, first, last, flags);
}

static inline pid_t sys_clone3(struct clone_arguments *arguments)
{
	return (pid_t)syscall(435, arguments, sizeof *arguments);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sys_capset(struct __user_cap_header_struct *header, struct __user_cap_data_struct *data)
{
	return (int)syscall(SYS_capset, header, data);
}

#endif
