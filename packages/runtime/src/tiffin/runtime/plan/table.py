"""The one table of operations and messages between the planner (Python) and the executor (C).

`tools/generate_wire.py` writes three files from it: `operations.py` beside this file (typed constructors),
`core/wire.h` (C structs) and `core/wire_table.c` (the decoder's layout). Change the table, run the tool, and
commit all of them; the lint tier checks that they agree.

A row of OPERATIONS is (number, name, fields, what it does). Numbers are never used twice. A field is
(name, kind): `int` is 64 bits signed; `text` ends in NUL and holds none; `text?` may be None (NULL in C);
`bytes` may hold anything; `texts` and `ints` are lists.

Who executes an operation is its step (STEPS): the launcher before it clones, the launcher after it has cloned
(when init asks for that step), or init itself.
"""

# ruff: noqa: E501  # one row, one line
from __future__ import annotations

WIRE_VERSION = 3

STEPS = (
    (0, "launcher", "in the launcher, in the caller's namespaces, before the clone"),
    (1, "init", "in init, inside the new or joined namespaces, in order up to execve"),
    (2, "mapping", "in the launcher, right after the clone, while init waits (id mappings)"),
    (3, "attend", "in the launcher, when init reaches `ask_launcher`: what needs the host's privileges late"),
)

# fmt: off
OPERATIONS = (
    # Files of the host: cgroups, resctrl, /proc. Paths are absolute and trusted.
    (1, "make_directory", (("path", "text"), ("mode", "int")), "mkdir on the host; one that exists is fine"),
    (2, "write_file", (("path", "text"), ("data", "bytes"), ("flags", "int")), "writes an existing file of the host with one write(2)"),
    (3, "copy_if_empty", (("source", "text"), ("target", "text")), "gives an empty cpuset file of cgroup v1 its parent's value"),
    (4, "write_pid", (("path", "text"), ("flags", "int")), "writes the pid of init (launcher: its own, as 0) to a file of the host: cgroup.procs, tasks"),
    (5, "attach_device_program", (("cgroup", "text"), ("instructions", "bytes"), ("flags", "int")), "loads an eBPF device filter and attaches it to a cgroup v2"),
    (6, "clone_into_cgroup", (("cgroup", "text"),), "init starts in this cgroup v2 (CLONE_INTO_CGROUP, or cgroup.procs before the clone)"),
    # Namespaces, made or joined.
    (10, "join_namespace", (("path", "text"), ("type", "int")), "setns to the namespace at a path; type is its CLONE_NEW flag"),
    (11, "new_namespaces", (("flags", "int"),), "the CLONE_NEW flags of the clone that makes init"),
    (12, "map_ids", (("uid_map", "text"), ("gid_map", "text"), ("setgroups", "text?"), ("uid_tool", "text?"), ("gid_tool", "text?")), "writes init's uid_map, setgroups and gid_map, or has newuidmap and newgidmap do it"),
    (13, "time_offsets", (("offsets", "text"),), "makes a time namespace, sets its clocks by timens_offsets, and enters it"),
    (14, "join_process", (("pid", "int"), ("start_time", "int"), ("flags", "int")), "setns to several namespaces of a running process by pidfd"),
    (15, "unshare_namespaces", (("flags", "int"),), "what init unshares itself: the cgroup namespace once the cgroup was joined, ipc once it is root of its user namespace"),
    (16, "open_tree", (("slot", "int"), ("source", "text"), ("recursive", "int"), ("uid_map", "text?"), ("gid_map", "text?"), ("user_namespace", "text?"), ("mapping_recursive", "int")), "opens a detached copy of a mount with the host's privileges, idmapped if maps or the path of a user namespace are given; init attaches it by its slot"),
    # What init needs of the launcher or of the controller.
    (20, "ask_launcher", (), "init waits until the launcher has done its `attend` operations"),
    (21, "barrier", (("name", "text"),), "init tells the controller, and waits for its go"),
    (22, "wait_start", (("fifo", "text"),), "tells the controller that the container is created, and waits for `start` on the FIFO (which the launcher opened, so that the path is the host's)"),
    (23, "become_root", (("uid", "int"), ("gid", "int")), "setresgid, setgroups and setresuid to the ids that a new user namespace maps"),
    (24, "new_session", (), "setsid"),
    (25, "set_parent_death_signal", (("signal", "int"),), "PR_SET_PDEATHSIG; 0 clears it"),
    # The root file system; targets are inside the rootfs, resolved beneath it by openat2.
    (30, "set_propagation", (("target", "text"), ("flags", "int")), "MS_PRIVATE, MS_SLAVE, ... with MS_REC on a mount point (host path before open_rootfs, inside it afterwards)"),
    (31, "open_rootfs", (("path", "text"), ("flags", "int")), "makes the parent mount private, binds the rootfs over itself, and keeps it as the root of all targets"),
    (32, "mount", (("source", "text?"), ("target", "text"), ("type", "text"), ("data", "text?"), ("flags", "int"), ("options", "int")), "mounts a file system in the rootfs"),
    (33, "bind", (("source", "text"), ("target", "text"), ("flags", "int"), ("cleared", "int"), ("options", "int"), ("slot", "int")), "binds a path of the host (slot -1), or an open_tree slot; flags are MS_ flags set on it, cleared those removed"),
    (34, "set_mount_attributes", (("target", "text"), ("set", "int"), ("clear", "int"), ("recursive", "int")), "mount_setattr on a target (rro and friends)"),
    (35, "make_node", (("path", "text"), ("mode", "int"), ("major", "int"), ("minor", "int"), ("uid", "int"), ("gid", "int"), ("options", "int")), "mknod in the rootfs; where that is not permitted, binds the host's device"),
    (36, "symlink", (("target", "text"), ("path", "text")), "makes a symbolic link in the rootfs; an equal one that exists is fine"),
    (37, "make_path", (("path", "text"), ("mode", "int")), "makes a directory and its parents inside the root (before or after pivot_root)"),
    (38, "pivot_root", (("options", "int"),), "makes the rootfs the root, by pivot_root, or MS_MOVE and chroot, or chroot"),
    (39, "remount_root", (("flags", "int"),), "remounts / with more flags (read-only)"),
    (40, "mask_path", (("path", "text"), ("label", "text?")), "hides a file behind /dev/null, a directory behind an empty read-only tmpfs; a missing one is fine"),
    (41, "readonly_path", (("path", "text"),), "makes a path a read-only bind of itself; a missing one is fine"),
    (42, "sysctl", (("path", "text"), ("value", "text")), "writes a file below /proc/sys, and makes sure that it is one"),
    (43, "set_hostname", (("name", "text"),), "sethostname"),
    (44, "set_domainname", (("name", "text"),), "setdomainname"),
    (45, "loopback_up", (), "brings lo up in a new network namespace"),
    (46, "remount_masked", (("target", "text"), ("flags", "int")), "remounts an earlier mount of the rootfs with more flags, keeping those it has"),
    # The process.
    (50, "open_console", (("socket", "text?"), ("descriptor", "int"), ("width", "int"), ("height", "int"), ("mount", "int")), "allocates a pty, makes it the controlling terminal and stdio, and sends its master to the console socket (a path, which the launcher connects, or an inherited descriptor)"),
    (51, "set_rlimit", (("resource", "int"), ("soft", "int"), ("hard", "int"), ("options", "int")), "prlimit: on init by the launcher (attend), or on itself"),
    (52, "set_oom_score_adj", (("value", "int"),), "writes oom_score_adj; init inherits it from the launcher"),
    (53, "set_personality", (("persona", "int"),), "personality(2)"),
    (54, "set_scheduler", (("policy", "int"), ("flags", "int"), ("nice", "int"), ("priority", "int"), ("runtime", "int"), ("deadline", "int"), ("period", "int")), "sched_setattr(2)"),
    (55, "set_io_priority", (("priority", "int"),), "ioprio_set(2), class in bits 13 and up"),
    (56, "set_cpu_affinity", (("cpus", "ints"),), "sched_setaffinity(2)"),
    (57, "set_memory_policy", (("mode", "int"), ("nodes", "ints")), "set_mempolicy(2)"),
    (58, "set_umask", (("mask", "int"),), "umask"),
    (59, "join_session_keyring", (("name", "text"), ("label", "text?")), "a session keyring of its own"),
    (60, "set_exec_label", (("lsm", "text"), ("label", "text")), "AppArmor profile or SELinux label at the next execve, by /proc/thread-self/attr"),
    (61, "set_no_new_privileges", (), "PR_SET_NO_NEW_PRIVS"),
    (62, "limit_bounding_set", (("mask", "int"),), "PR_CAPBSET_DROP of all that is not in the mask"),
    (63, "set_user", (("uid", "int"), ("gid", "int"), ("groups", "ints"), ("options", "int")), "stdio handed over, PR_SET_KEEPCAPS, setgroups, setresgid, setresuid"),
    (64, "set_capabilities", (("effective", "int"), ("permitted", "int"), ("inheritable", "int"), ("ambient", "int")), "capset, and the ambient set"),
    (65, "load_seccomp", (("filter", "bytes"), ("flags", "int"), ("listener", "text?"), ("state", "texts")), "installs a BPF filter; its notify descriptor goes to the listener socket (connected by the launcher) with the state: the texts, joined by init's pid"),
    (66, "change_directory", (("path", "text"), ("options", "int")), "chdir, unless an earlier one has done it, and makes sure that it is inside the root (CVE-2024-21626)"),
    (67, "find_program", (("name", "text"), ("search", "text")), "looks the program up in PATH, so that a missing one is an error of create, not of start"),
    (68, "close_descriptors", (("first", "int"),), "closes all descriptors from here on but those that init needs till execve"),
    (69, "run_hook", (("kind", "text"), ("path", "text"), ("args", "texts"), ("env", "texts"), ("timeout", "int"), ("head", "bytes"), ("tail", "bytes")), "runs a hook from init with the state JSON (head + pid + tail) on its stdin; timeout in seconds, 0 for none"),
    (70, "execute", (("args", "texts"), ("env", "texts")), "resets signals and executes the program found"),
    (71, "set_environment_home", (("uid", "int"),), "adds HOME from the container's /etc/passwd to the environment of `execute` when it has none"),
)

MESSAGES = (
    (1, "pid", "from the launcher: a is the pid of init in the caller's pid namespace, b its start time"),
    (2, "barrier", "from init: it waits for one byte; operation tells which barrier"),
    (3, "ready", "from init: all is set up, it waits for start"),
    (4, "failed", "operation, errno and text tell what failed"),
    (5, "trace", "operation took from a to b (CLOCK_MONOTONIC, nanoseconds)"),
    (6, "warning", "text tells what was left out and why"),
    (7, "orphaned", "from init: its launcher is gone, and so is it"),
)

# Bits of the fields called `options` and `flags`, by (name, bit, meaning).
OPTIONS = (
    ("WRITE_MAY_FAIL", 1, "write_file, write_pid, attach_device_program: a failure is reported as a warning"),
    ("WRITE_OPTIONAL", 2, "write_file: a missing file is not an error"),
    ("MOUNT_COPY_UP", 1, "mount: a tmpfs starts with a copy of what it covers (tmpcopyup)"),
    ("MOUNT_RECURSIVE", 4, "bind: take the submounts along (rbind)"),
    ("MOUNT_BIND_FALLBACK", 16, "mount: where sysfs may not be mounted (user namespace), bind the host's"),
    ("NODE_BIND", 1, "make_node: bind the host's device instead of mknod"),
    ("PIVOT_MOVE", 1, "pivot_root: MS_MOVE and chroot instead"),
    ("PIVOT_CHROOT", 2, "pivot_root: no mount namespace, only chroot"),
    ("USER_KEEP_GROUPS", 1, "set_user: setgroups is denied here, leave the groups as they are"),
    ("LIMIT_ROOM", 1, "set_rlimit: only raises the hard limit, so that init may set both later without the privilege"),
    ("SECCOMP_LISTENER", 8, "load_seccomp: SECCOMP_FILTER_FLAG_NEW_LISTENER (kernel's own bit)"),
    ("DIRECTORY_MAY_BE_DENIED", 1, "change_directory: EACCES is no error, it is tried again as the user"),
    ("ROOTFS_NO_BIND", 1, "open_rootfs: no mount namespace of our own; only open it"),
)
