"""What the demo's shell does: it looks at its limits, and runs into each of them."""

from __future__ import annotations

NAME = "demo"
LIMITS = {"memory": "64m", "pids-limit": "16", "cpus": "0.5"}

LOOK = """
set -- /proc/[0-9]*
echo "I am pid $$ on $(hostname), user $(id -un); processes in sight: $#."
""".strip()

# {cgroup} of version 2, or the controllers' folders of version 1
RUN_INTO = """
limit() { cat "/sys/fs/cgroup/$1" 2>/dev/null || cat "/sys/fs/cgroup/$2"; }
echo "memory: $(limit memory.max memory/memory.limit_in_bytes) bytes at most. Now I take 256 MiB:"
dd if=/dev/zero of=/dev/null bs=256M count=1 2>/dev/null
echo "  ... dd ended with $? (137 is 128 + SIGKILL)"
echo "pids: $(limit pids.max pids/pids.max) at most. Now I start 40 more:"
sh -c 'n=0; while [ $n -lt 40 ]; do sleep 60 >/dev/null 2>&1 & n=$((n + 1)); done' 2>&1 | sed 's/^/  ... /'
kill -9 -1; wait
echo "cpu: half a processor. Now I count to 200000:"
n=0; while [ $n -lt 200000 ]; do n=$((n + 1)); done
echo "  ... and was made to wait $(limit cpu.stat cpu/cpu.stat | sed -n 's/^nr_throttled //p') times"
""".strip()


def words(image: str, *, limited: bool, trace: str, runtime: str) -> list[str]:
    """The words after `tiffin run`.

    Args:
        limited: cgroups can be made here.
        trace: the file for the durations, "" for none.
        runtime: a runtime in place of tiffin's own, "" for none.
    """
    flags = [f"--name={NAME}", f"--hostname={NAME}"]
    if limited:
        flags += [f"--{name}={value}" for name, value in LIMITS.items()]
    if trace:
        flags.append(f"--trace={trace}")
    if runtime:
        flags.append(f"--runtime={runtime}")
    script = f"{LOOK}\n{RUN_INTO}" if limited else LOOK
    return [*flags, image, "sh", "-c", script]
