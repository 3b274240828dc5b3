"""The one table of the command line: each verb, its flags and arguments, and whether the native front answers it.

`parse` reads argv by it, `help` prints it, and tools/generate_front.py makes front/table.h from it.

A flag is (names, kind, what its value is called, help); its first name is its key. Kinds: `switch`, `text`,
`integer`, `texts` and `integers` (may be given more than once), `duration` (Go's: 1m30s). A hidden flag (help "")
is taken for compatibility. A verb is (name, arguments, fewest, most, way, summary, flags); most -1: any number;
way: `native` if front/ answers it where that is simple, `python` if always the interpreter does.
"""

from __future__ import annotations

from ..record import Record


class Flag(Record):
    """One flag, with its names without dashes."""

    names: tuple[str, ...]
    kind: str
    value: str
    help: str

    @property
    def key(self) -> str:
        return self.names[0]


class Verb(Record):
    """One command. interspersed: flags may also stand after the first argument."""

    name: str
    arguments: str
    fewest: int
    most: int
    way: str
    summary: str
    flags: tuple[Flag, ...]
    interspersed: bool = True


GLOBAL_FLAGS = (
    Flag(("debug",), "switch", "", "also log what is done on the way"),
    Flag(("log",), "text", "FILE", "append log lines to FILE instead of standard error"),
    Flag(("log-format",), "text", "FORMAT", "form of the log lines: text (default) or json"),
    Flag(("root",), "text", "DIR", "directory of the state of all containers (default: /run/tiffin)"),
    Flag(("systemd-cgroup",), "switch", "", "let systemd make the cgroups; cgroupsPath is slice:prefix:name"),
    Flag(("rootless",), "text", "WHEN", "ignore that cgroups may not be made: true, false or auto (default)"),
    Flag(("criu",), "text", "PATH", ""),
    Flag(("trace",), "text", "FILE", "append the duration of each operation to FILE, as JSON lines"),
    Flag(
        ("dry-run",), "switch", "", "create, run, exec: print the plan of kernel operations, and do nothing"
    ),
    Flag(("format",), "text", "FORMAT", "form of the plan that --dry-run prints: text (default) or json"),
    Flag(("help", "h"), "switch", "", "show this help"),
    Flag(("version", "v"), "switch", "", "show the version"),
)

BUNDLE = Flag(
    ("bundle", "b"), "text", "DIR", "the bundle: config.json and the root file system (default: here)"
)
CONSOLE_SOCKET = Flag(("console-socket",), "text", "PATH", "unix socket that gets the master of the terminal")
PIDFD_SOCKET = Flag(("pidfd-socket",), "text", "PATH", "unix socket that gets a pidfd of the process")
PID_FILE = Flag(("pid-file",), "text", "FILE", "write the process id to FILE")
NO_PIVOT = Flag(
    ("no-pivot",), "switch", "", "change the root without pivot_root (for a root file system on a ramdisk)"
)
NO_NEW_KEYRING = Flag(("no-new-keyring",), "switch", "", "keep the caller's session keyring")
PRESERVE_FDS = Flag(("preserve-fds",), "integer", "N", "pass N descriptors more, from 3 on, to the process")
DETACH = Flag(("detach", "d"), "switch", "", "return as soon as the process runs")
KEEP = Flag(("keep",), "switch", "", "do not delete the container when it has ended")
NO_SUBREAPER = Flag(("no-subreaper",), "switch", "", "do not become the parent of orphaned processes")
CREATE_FLAGS = (BUNDLE, CONSOLE_SOCKET, PIDFD_SOCKET, PID_FILE, NO_PIVOT, NO_NEW_KEYRING, PRESERVE_FDS)
EXEC_FLAGS = (
    CONSOLE_SOCKET,
    PIDFD_SOCKET,
    Flag(("cwd",), "text", "DIR", "working directory in the container"),
    Flag(("env", "e"), "texts", "NAME=VALUE", "add to the environment"),
    Flag(("tty", "t"), "switch", "", "give the process a terminal"),
    Flag(("user", "u"), "text", "UID[:GID]", "user of the process"),
    Flag(("additional-gids", "g"), "integers", "GID", "additional groups of the process"),
    Flag(("process", "p"), "text", "FILE", "read the whole process object from a JSON file"),
    DETACH,
    PID_FILE,
    Flag(("process-label",), "text", "LABEL", "SELinux label of the process"),
    Flag(("apparmor",), "text", "PROFILE", "AppArmor profile of the process"),
    Flag(("no-new-privs",), "switch", "", "the process and its children can gain no privileges"),
    Flag(("cap", "c"), "texts", "CAPABILITY", "add a capability"),
    PRESERVE_FDS,
    Flag(("cgroup",), "texts", "[CONTROLLER:]PATH", "run in a sub-cgroup that exists"),
    Flag(("ignore-paused",), "switch", "", "do so even if the container is paused"),
)
CRIU_FLAGS = (
    Flag(("image-path",), "text", "DIR", "directory of the checkpoint (default: ./checkpoint)"),
    Flag(("work-path",), "text", "DIR", "directory of CRIU's own files and logs"),
    Flag(("tcp-established",), "switch", "", "allow open TCP connections"),
    Flag(("ext-unix-sk",), "switch", "", "allow unix sockets to the outside"),
    Flag(("shell-job",), "switch", "", "allow that it was started from a shell"),
    Flag(("lazy-pages",), "switch", "", "load memory on demand (userfaultfd)"),
    Flag(("file-locks",), "switch", "", "handle file locks"),
    Flag(
        ("manage-cgroups-mode",),
        "text",
        "MODE",
        "how to restore cgroups: soft (default), full, strict or ignore",
    ),
    Flag(("empty-ns",), "texts", "NAMESPACE", "make a namespace, but do not restore what it held"),
    Flag(("auto-dedup",), "switch", "", "remove duplicates of memory images"),
)
CHECKPOINT_FLAGS = (
    *CRIU_FLAGS,
    Flag(
        ("parent-path",), "text", "DIR", "an earlier checkpoint, for a pre-dump (relative to the image path)"
    ),
    Flag(("leave-running",), "switch", "", "let the container run on"),
    Flag(("tcp-skip-in-flight",), "switch", "", "leave out TCP connections that are only being made"),
    Flag(("link-remap",), "switch", "", "link unlinked files that are open back where that is possible"),
    Flag(("status-fd",), "integer", "FD", "CRIU writes a byte to it when lazy pages are ready"),
    Flag(("page-server",), "text", "ADDRESS:PORT", "send memory to a page server"),
    Flag(("pre-dump",), "switch", "", "save the memory only, and let the container run on"),
)
RESTORE_FLAGS = (
    *CRIU_FLAGS,
    CONSOLE_SOCKET,
    BUNDLE,
    DETACH,
    PID_FILE,
    NO_SUBREAPER,
    NO_PIVOT,
    Flag(("lsm-profile",), "text", "TYPE:NAME", "security profile at restore"),
    Flag(("lsm-mount-context",), "text", "CONTEXT", "security context of mounts at restore"),
)
UPDATE_FLAGS = (
    Flag(
        ("resources", "r"),
        "text",
        "FILE",
        "read linux.resources as JSON from FILE or `-`; all other flags are ignored",
    ),
    Flag(("blkio-weight",), "integer", "WEIGHT", "block I/O weight, 10 to 1000"),
    Flag(("cpu-period",), "text", "MICROSECONDS", "period of the CPU quota"),
    Flag(("cpu-quota",), "text", "MICROSECONDS", "CPU time in a period"),
    Flag(("cpu-burst",), "text", "MICROSECONDS", "CPU time that may be saved up for a burst"),
    Flag(("cpu-share",), "text", "SHARES", "CPU shares, relative to other containers"),
    Flag(("cpu-rt-period",), "text", "MICROSECONDS", "period of the real-time quota"),
    Flag(("cpu-rt-runtime",), "text", "MICROSECONDS", "real-time CPU time in a period"),
    Flag(("cpuset-cpus",), "text", "LIST", "CPUs to use, such as 0-3,8"),
    Flag(("cpuset-mems",), "text", "LIST", "memory nodes to use"),
    Flag(("kernel-memory",), "text", "BYTES", ""),
    Flag(("kernel-memory-tcp",), "text", "BYTES", ""),
    Flag(("memory",), "text", "BYTES", "memory limit; k, m, g are understood, -1 is none"),
    Flag(("cpu-idle",), "text", "0|1", "1: SCHED_IDLE for the whole cgroup"),
    Flag(("memory-reservation",), "text", "BYTES", "soft memory limit"),
    Flag(("memory-swap",), "text", "BYTES", "limit of memory and swap together; -1 is none"),
    Flag(("pids-limit",), "integer", "N", "number of processes; -1 is no limit"),
    Flag(("l3-cache-schema",), "text", "SCHEMA", "Intel RDT: L3 cache"),
    Flag(("mem-bw-schema",), "text", "SCHEMA", "Intel RDT: memory bandwidth"),
)
FORMAT = Flag(("format", "f"), "text", "FORMAT", "table (default) or json")
ID = "<container-id>"

VERBS = (
    Verb("checkpoint", ID, 1, 1, "python", "save a running container to disk by CRIU", CHECKPOINT_FLAGS),
    Verb("create", ID, 1, 1, "python", "make a container, whose process waits for start", CREATE_FLAGS),
    Verb(
        "delete",
        ID,
        1,
        1,
        "native",
        "remove what a stopped container holds",
        (
            Flag(
                ("force", "f"),
                "switch",
                "",
                "kill it first if it still runs; one that does not exist is fine",
            ),
        ),
    ),
    Verb(
        "events",
        ID,
        1,
        1,
        "python",
        "show statistics and out-of-memory events as JSON lines",
        (
            Flag(("interval",), "duration", "TIME", "time between statistics (default: 5s)"),
            Flag(("stats",), "switch", "", "show statistics once"),
        ),
    ),
    Verb(
        "exec",
        f"{ID} <command> [argument...]  or  --process FILE {ID}",
        1,
        -1,
        "python",
        "run a further process in a container",
        EXEC_FLAGS,
        interspersed=False,
    ),
    Verb("features", "", 0, 0, "python", "show as JSON what this runtime can do", ()),
    Verb(
        "kill",
        f"{ID} [signal]",
        1,
        2,
        "native",
        "send a signal (default: SIGTERM) to a container's first process",
        (Flag(("all", "a"), "switch", "", "send it to every process of the container"),),
    ),
    Verb(
        "list",
        "",
        0,
        0,
        "python",
        "list containers",
        (FORMAT, Flag(("quiet", "q"), "switch", "", "show ids only")),
    ),
    Verb("pause", ID, 1, 1, "python", "freeze all processes of a container", ()),
    Verb(
        "ps",
        f"{ID} [option of ps...]",
        1,
        -1,
        "python",
        "show the processes of a container",
        (FORMAT,),
        interspersed=False,
    ),
    Verb("restore", ID, 1, 1, "python", "make a container from a checkpoint", RESTORE_FLAGS),
    Verb("resume", ID, 1, 1, "python", "let a paused container run on", ()),
    Verb(
        "run",
        ID,
        1,
        1,
        "python",
        "make a container and start it",
        (*CREATE_FLAGS, DETACH, KEEP, NO_SUBREAPER),
    ),
    Verb(
        "spec",
        "",
        0,
        0,
        "python",
        "write a config.json to start from",
        (BUNDLE, Flag(("rootless",), "switch", "", "one for a container without root")),
    ),
    Verb("start", ID, 1, 1, "native", "start the process of a container that was created", ()),
    Verb("state", ID, 1, 1, "native", "show the state of a container as JSON", ()),
    Verb("update", ID, 1, 1, "python", "change the resource limits of a container", UPDATE_FLAGS),
)
VERB_BY_NAME = {verb.name: verb for verb in VERBS}
HELP_FLAG = Flag(("help", "h"), "switch", "", "show this help")
