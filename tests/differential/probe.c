/* What a process inside a container can see of itself, as lines `section key value`.
 *
 *   probe [sysctl PATH]... [write PATH]... [device PATH]...
 *
 * Two runtimes that were given the same bundle must make it print the same lines. It is static, so that it runs in
 * an empty root file system; it changes nothing but files that it makes and removes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void line(const char *section, const char *key, const char *value)
{
	printf("%s\t%s\t%s\n", section, key, value);
}

static void number(const char *section, const char *key, long long value)
{
	printf("%s\t%s\t%lld\n", section, key, value);
}

/* Each line of a file as one of a section; a missing file is told by its errno. */
static void file_lines(const char *section, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	if (!file) {
		line(section, "error", strerrorname_np(errno));
		return;
	}
	for (int row = 0; getline(&text, &size, file) > 0; row++) {
		char key[16];
		text[strcspn(text, "\n")] = 0;
		snprintf(key, sizeof key, "%d", row);
		line(section, key, text);
	}
	free(text);
	fclose(file);
}

static void identity(void)
{
	char cwd[4096];
	struct utsname names;
	struct statfs root;
	line("process", "cwd", getcwd(cwd, sizeof cwd) ? cwd : strerrorname_np(errno));
	uname(&names);
	line("process", "hostname", names.nodename);
	line("process", "domainname", names.domainname);
	line("process", "machine", names.machine);
	number("process", "pid", getpid());
	number("process", "ppid", getppid());
	number("process", "session-leader", getsid(0) == getpid());
	number("process", "group-leader", getpgrp() == getpid());
	number("process", "personality", personality(0xffffffff));
	number("process", "dumpable", prctl(PR_GET_DUMPABLE));
	number("process", "keepcaps", prctl(PR_GET_KEEPCAPS));
	number("process", "securebits", prctl(PR_GET_SECUREBITS));
	number("process", "subreaper", ({ int on = 0; prctl(PR_GET_CHILD_SUBREAPER, &on); on; }));
	number("process", "pdeathsig", ({ int sig = 0; prctl(PR_GET_PDEATHSIG, &sig); sig; }));
	number("process", "nice", getpriority(PRIO_PROCESS, 0));
	number("process", "scheduler", sched_getscheduler(0));
	number("process", "ioprio", syscall(SYS_ioprio_get, 1, 0));
	for (int fd = 0; fd < 3; fd++)
		number("process", fd == 0 ? "stdin-tty" : fd == 1 ? "stdout-tty" : "stderr-tty", isatty(fd));
	if (statfs("/", &root) == 0)
		number("process", "root-readonly", (root.f_flags & 1) != 0);
}

static void descriptors(void)
{
	for (int fd = 0; fd < 64; fd++) {
		char key[32], path[64], target[4096];
		ssize_t length;
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		snprintf(key, sizeof key, "%d", fd);
		length = readlink(path, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = 0;
		line("descriptor", key, fd < 3 ? "open" : target);
	}
}

static void namespaces(void)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64], target[128];
		ssize_t length;
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		length = readlink(path, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = 0;
		line("namespace", names[i], length < 0 ? strerrorname_np(errno) : target);
	}
}

static void list_directory(const char *section, const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	if (!stream) {
		line(section, folder, strerrorname_np(errno));
		return;
	}
	while ((entry = readdir(stream))) {
		char path[4096], target[4096] = "", value[4200];
		struct stat info;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (lstat(path, &info) < 0) {
			line(section, path, strerrorname_np(errno));
			continue;
		}
		if (S_ISLNK(info.st_mode) && readlink(path, target, sizeof target - 1) < 0)
			snprintf(target, sizeof target, "?");
		snprintf(value, sizeof value, "%o %u:%u %u:%u %s", info.st_mode, info.st_uid, info.st_gid,
			 S_ISCHR(info.st_mode) ? major(info.st_rdev) : 0, S_ISCHR(info.st_mode) ? minor(info.st_rdev) : 0, target);
		line(section, path, value);
	}
	closedir(stream);
}

static void interfaces(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *list = if_nameindex();
	for (struct if_nameindex *at = list; at && at->if_index; at++) {
		struct ifreq request = {0};
		snprintf(request.ifr_name, IFNAMSIZ, "%s", at->if_name);
		if (ioctl(fd, SIOCGIFFLAGS, &request) == 0)
			number("interface", at->if_name, request.ifr_flags & (IFF_UP | IFF_LOOPBACK));
	}
	if (list)
		if_freenameindex(list);
	close(fd);
}

/* Calls that a profile may refuse, with arguments that make them harmless where they are allowed. */
static const struct { const char *name; long number; long a[5]; } CALLS[] = {
	{"mount", SYS_mount, {0, 0, 0, 0, 0}}, {"umount2", SYS_umount2, {0, 0}}, {"unshare-none", SYS_unshare, {0}},
	{"unshare-user", SYS_unshare, {CLONE_NEWUSER}}, {"setns", SYS_setns, {-1, 0}}, {"ptrace", SYS_ptrace, {99, 0}},
	{"keyctl", SYS_keyctl, {99}}, {"add_key", SYS_add_key, {0}}, {"bpf", SYS_bpf, {99, 0, 0}},
	{"userfaultfd", SYS_userfaultfd, {-1}}, {"perf_event_open", SYS_perf_event_open, {0}}, {"clone3", SYS_clone3, {0, 0}},
	{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}}, {"name_to_handle_at", SYS_name_to_handle_at, {-1, 0, 0, 0, 0}},
	{"personality-query", SYS_personality, {0xffffffff}}, {"personality-other", SYS_personality, {0x20008}},
	{"socket-vsock", SYS_socket, {40, 1, 0}}, {"socket-unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
	{"socket-raw", SYS_socket, {AF_INET, SOCK_RAW, 1}}, {"socket-packet", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
	{"io_uring_setup", SYS_io_uring_setup, {0, 0}}, {"reboot", SYS_reboot, {0, 0, 0, 0}}, {"swapon", SYS_swapon, {0, 0}},
	{"init_module", SYS_init_module, {0, 0, 0}}, {"finit_module", SYS_finit_module, {-1, 0, 0}}, {"acct", SYS_acct, {1}},
	{"settimeofday", SYS_settimeofday, {1, 0}}, {"clock_settime", SYS_clock_settime, {-1, 0}}, {"chroot", SYS_chroot, {1}},
	{"pivot_root", SYS_pivot_root, {1, 1}}, {"kexec_load", SYS_kexec_load, {0, 99, 0, 0}}, {"mbind", SYS_mbind, {1, 0, 99}},
	{"set_mempolicy", SYS_set_mempolicy, {99}}, {"get_mempolicy", SYS_get_mempolicy, {0, 0, 0, 0, 99}},
	{"move_pages", SYS_move_pages, {0, 0, 0, 0, 99}}, {"kcmp", SYS_kcmp, {0, 0, 99}}, {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0, 0, 0}},
	{"fanotify_init", SYS_fanotify_init, {-1}}, {"lookup_dcookie", SYS_lookup_dcookie, {0, 0, 0}}, {"syslog", SYS_syslog, {99}},
	{"quotactl", SYS_quotactl, {-1, 0}}, {"sethostname", SYS_sethostname, {0, -1}}, {"iopl", SYS_iopl, {0}}, {"vhangup-never", SYS_getpid, {0}},
	{"openat2", SYS_openat2, {-1, 0, 0, 0}}, {"pidfd_open", SYS_pidfd_open, {-1}}, {"mount_setattr", SYS_mount_setattr, {-1, 0, 0, 0, 0}},
	{"fsopen", SYS_fsopen, {0, 0}}, {"open_tree", SYS_open_tree, {-1, 0, -1}}, {"landlock", SYS_landlock_create_ruleset, {0, 0, 9}},
	{"memfd_secret", SYS_memfd_secret, {-1}}, {"mknodat", SYS_mknodat, {-1, 0, 0, 0}}, {"setuid", SYS_setuid, {-1}}, {"chown", SYS_chown, {0, 0, 0}},
	{"number-599", 599, {0}}, {"number-460", 460, {0}}, {"pkey_alloc", SYS_pkey_alloc, {-1, -1}}, {"vmsplice", SYS_vmsplice, {-1}},
};

static void one_call(size_t i)
{
	const long *a = CALLS[i].a;
	char value[64];
	int status;
	pid_t child;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		errno = 0;
		long result = syscall(CALLS[i].number, a[0], a[1], a[2], a[3], a[4]);
		_exit(result < 0 ? errno : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		snprintf(value, sizeof value, "not measured: %s", strerrorname_np(errno));
	else if (WIFSIGNALED(status))
		snprintf(value, sizeof value, "signal %d", WTERMSIG(status));
	else
		snprintf(value, sizeof value, "%s", WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) ?: "?" : "ok");
	line("call", CALLS[i].name, value);
}

static void try_write(const char *folder)
{
	char path[4096];
	int fd;
	snprintf(path, sizeof path, "%s/.probe-%d", folder, getpid());
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	line("write", folder, fd < 0 ? strerrorname_np(errno) : "ok");
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
}

static void try_device(const char *path)
{
	char key[4100];
	for (int mode = O_RDONLY; mode <= O_RDWR; mode++) {
		int fd = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		snprintf(key, sizeof key, "%s %s", path, mode == O_RDONLY ? "r" : mode == O_WRONLY ? "w" : "rw");
		line("device", key, fd < 0 ? strerrorname_np(errno) : "ok");
		if (fd >= 0)
			close(fd);
	}
}

static void try_nodes(void)
{
	static const struct { const char *name; mode_t type; unsigned major, minor; } nodes[] = {
		{"null", S_IFCHR, 1, 3}, {"mem", S_IFCHR, 1, 1}, {"kmsg", S_IFCHR, 1, 11}, {"fuse", S_IFCHR, 10, 229},
		{"tun", S_IFCHR, 10, 200}, {"sda", S_IFBLK, 8, 0}, {"tty0", S_IFCHR, 4, 0}, {"loop", S_IFBLK, 7, 0},
	};
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		char path[64];
		snprintf(path, sizeof path, "/dev/.probe-%s", nodes[i].name);
		if (mknod(path, nodes[i].type | 0600, makedev(nodes[i].major, nodes[i].minor)) < 0) {
			line("mknod", nodes[i].name, strerrorname_np(errno));
			continue;
		}
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		line("mknod", nodes[i].name, fd < 0 ? strerrorname_np(errno) : "opened");
		if (fd >= 0)
			close(fd);
		unlink(path);
	}
}

int main(int argc, char **argv)
{
	identity();
	descriptors();
	namespaces();
	file_lines("status", "/proc/self/status");
	file_lines("limits", "/proc/self/limits");
	file_lines("mountinfo", "/proc/self/mountinfo");
	file_lines("cgroup", "/proc/self/cgroup");
	file_lines("attr", "/proc/self/attr/current");
	file_lines("oom", "/proc/self/oom_score_adj");
	file_lines("uid_map", "/proc/self/uid_map");
	file_lines("gid_map", "/proc/self/gid_map");
	file_lines("setgroups", "/proc/self/setgroups");
	file_lines("timens", "/proc/self/timens_offsets");
	file_lines("keys", "/proc/keys");
	for (char **at = environ; *at; at++)
		line("environ", *at, "");
	list_directory("dev", "/dev");
	list_directory("root", "/");
	interfaces();
	try_nodes();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "sysctl"))
			file_lines("sysctl", argv[i + 1]);
		else if (!strcmp(argv[i], "write"))
			try_write(argv[i + 1]);
		else if (!strcmp(argv[i], "device"))
			try_device(argv[i + 1]);
		else if (!strcmp(argv[i], "list"))
			list_directory("list", argv[i + 1]);
	}
	for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
		one_call(i);
	line("end", "complete", "");
	return fflush(stdout) ? 1 : 0;
}
