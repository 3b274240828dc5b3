"""The flags of `tiffin run`, named and meant as docker's and podman's."""

from __future__ import annotations

from tiffin.cli.flag import Flag

RUNTIME = Flag(
    ("runtime",), "text", "PROGRAM", "an OCI runtime to call by its command line (default: tiffin's own)"
)

RUN_FLAGS = (
    Flag(("interactive", "i"), "switch", "", "keep standard input open"),
    Flag(("tty", "t"), "switch", "", "give the container a terminal"),
    Flag(("detach", "d"), "switch", "", "return as soon as it runs, and print its name"),
    Flag(("rm",), "switch", "", "remove the container when it has ended"),
    Flag(("name",), "text", "NAME", "name of the container (default: made up)"),
    Flag(("platform",), "text", "OS/ARCH", "take the image for this platform (default: this machine's)"),
    Flag(("pull",), "text", "POLICY", "pull the image: always, missing (default), never"),
    # the process
    Flag(("entrypoint",), "text", "PROGRAM", 'run this instead of the image\'s entrypoint; "" for none'),
    Flag(("env", "e"), "texts", "NAME[=VALUE]", "set a variable, or take it from here"),
    Flag(("env-file",), "texts", "FILE", "read variables from a file, one NAME=VALUE a line"),
    Flag(("workdir", "w"), "text", "DIR", "working directory in the container"),
    Flag(("user", "u"), "text", "USER[:GROUP]", "names or numbers, looked up in the image"),
    Flag(("group-add",), "texts", "GROUP", "additional groups of the process"),
    Flag(
        ("init",), "switch", "", "run an init (catatonit or tini) that forwards signals and reaps processes"
    ),
    Flag(
        ("stop-signal",),
        "text",
        "SIGNAL",
        "signal that ends the container (default: the image's, or SIGTERM)",
    ),
    Flag(("stop-timeout",), "text", "SECONDS", "time to end after it, before SIGKILL (default: 10)"),
    # files
    Flag(("volume", "v"), "texts", "SOURCE:TARGET[:OPTIONS]", "mount a path of the host, or a named volume"),
    Flag(("mount",), "texts", "type=KIND,src=...,dst=...", "mount a bind, volume or tmpfs"),
    Flag(("tmpfs",), "texts", "TARGET[:OPTIONS]", "mount a file system in memory"),
    Flag(("read-only",), "switch", "", "the root file system cannot be written to"),
    Flag(("device",), "texts", "HOST[:TARGET[:rwm]]", "give the container a device of the host"),
    Flag(("shm-size",), "text", "SIZE", "size of /dev/shm (default: 64m)"),
    # limits
    Flag(("memory", "m"), "text", "SIZE", "memory limit, for example 512m"),
    Flag(
        ("memory-swap",),
        "text",
        "SIZE",
        "limit of memory and swap together, -1 for none (default: twice --memory)",
    ),
    Flag(("memory-reservation",), "text", "SIZE", "soft memory limit"),
    Flag(("cpus",), "text", "NUMBER", "processors' worth of time, for example 1.5"),
    Flag(("cpu-shares", "c"), "text", "NUMBER", "weight against other containers (default: 1024)"),
    Flag(("cpuset-cpus",), "text", "LIST", "processors that it may run on, for example 0-2,4"),
    Flag(("cpuset-mems",), "text", "LIST", "memory nodes that it may use"),
    Flag(("pids-limit",), "text", "NUMBER", "how many processes it may have, -1 for any number"),
    Flag(("ulimit",), "texts", "NAME=SOFT[:HARD]", "resource limit of the process, for example nofile=1024"),
    Flag(("cgroup-parent",), "text", "PATH", "cgroup that the container's is made in (default: the topmost)"),
    Flag(
        ("oom-score-adj",),
        "text",
        "NUMBER",
        "-1000 to 1000: how early the kernel kills it when memory is short",
    ),
    # privileges
    Flag(("cap-add",), "texts", "CAPABILITY", "add a capability, or ALL"),
    Flag(("cap-drop",), "texts", "CAPABILITY", "take a capability away, or ALL"),
    Flag(
        ("security-opt",),
        "texts",
        "OPTION",
        "seccomp=FILE|unconfined, no-new-privileges, apparmor=PROFILE, label=..., systempaths=unconfined",
    ),
    Flag(("privileged",), "switch", "", "all capabilities and devices, no seccomp, nothing masked"),
    Flag(("sysctl",), "texts", "NAME=VALUE", "kernel parameter of the container's namespaces"),
    # namespaces
    Flag(
        ("network", "net"), "text", "none|host|ns:PATH", "network of the container (default: none, only lo)"
    ),
    Flag(("hostname", "h"), "text", "NAME", "host name in the container"),
    Flag(("add-host",), "texts", "NAME:ADDRESS", "add a line to /etc/hosts"),
    Flag(("pid",), "text", "host|ns:PATH", "process ids of the host"),
    Flag(("ipc",), "text", "host|ns:PATH", "System V and POSIX message queues of the host"),
    Flag(("uts",), "text", "host|ns:PATH", "host name of the host"),
    Flag(("cgroupns",), "text", "host|private", "view of the cgroups (default: private with cgroup v2)"),
    Flag(("userns",), "text", "host|ns:PATH", "user namespace (default: the one that tiffin runs in)"),
    # about the container
    Flag(("label", "l"), "texts", "NAME[=VALUE]", "label, shown by tiffin ps --json"),
    Flag(
        ("log-opt",),
        "texts",
        "max-size=SIZE|max-file=NUMBER",
        "with --detach: rotate the log (default: one file, no limit)",
    ),
    Flag(("annotation",), "texts", "NAME=VALUE", "annotation in the OCI config"),
    # about tiffin
    RUNTIME,
    Flag(("trace",), "text", "FILE", "write how long each kernel operation took"),
)
