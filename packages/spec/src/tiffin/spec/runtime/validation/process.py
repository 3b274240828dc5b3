"""Rules of `process`."""

from __future__ import annotations

from tiffin.spec.runtime.capabilities import NUMBERS
from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_PROCESS = "config.md: Process"
_POSIX = "config.md: POSIX process"
_LINUX = "config.md: Linux Process"
_NO_ID = 2**32 - 1
_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


def cwd(process: Tree, prefix: str) -> Iterator[Problem]:
    path = process.get("cwd")
    if path is not None and not path.startswith("/"):
        yield Problem(prefix + "cwd", f"{path!r} is not an absolute path", "process.cwd", _PROCESS)


def args(process: Tree, prefix: str) -> Iterator[Problem]:
    words = process.get("args")
    if not words:
        yield Problem(prefix + "args", "needs at least the program's name", "process.args", _PROCESS)
    elif not words[0]:
        yield Problem(prefix + "args[0]", "the program's name is empty", "process.args", _PROCESS)


def env(process: Tree, prefix: str) -> Iterator[Problem]:
    """environ(7): name=value. Of two with the same name, runc keeps the last."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(process.get("env") or ()):
        name, equals, _value = entry.partition("=")
        where = f"{prefix}env[{index}]"
        if not equals or not name:
            yield Problem(where, f"{entry!r} is not of the form name=value", "process.env", _PROCESS)
        elif name in seen:
            message = f"{name} is also in env[{seen[name]}]"
            yield Problem(where, message, "process.env.unique", _PROCESS, WARNING)
        seen[name] = index


def user(process: Tree, prefix: str) -> Iterator[Problem]:
    """The kernel reads the highest number as -1: nobody."""
    user = process.get("user") or {}
    section = "config.md: POSIX-platform User"
    ids = {"uid": user.get("uid"), "gid": user.get("gid")}
    ids |= {f"additionalGids[{index}]": gid for index, gid in enumerate(user.get("additionalGids") or ())}
    for name, number in ids.items():
        if number == _NO_ID:
            yield Problem(f"{prefix}user.{name}", "stands for no id", "process.user", section)
    umask = user.get("umask")
    if umask is not None and umask > 0o777:
        message = f"0o{umask:o} has more than permission bits"
        yield Problem(prefix + "user.umask", message, "process.umask", section, WARNING)


def capabilities(process: Tree, prefix: str) -> Iterator[Problem]:
    """The spec wants a warning for those that cannot be granted; the kernel refuses sets that do not fit together."""
    sets = process.get("capabilities")
    if not sets:
        return
    given: dict[str, list[str]] = {kind: sets.get(kind) or [] for kind in _SETS}
    for kind, names in given.items():
        for index, name in enumerate(names):
            if name not in NUMBERS:
                message = f"{name!r} is no capability of capabilities(7)"
                where = f"{prefix}capabilities.{kind}[{index}]"
                yield Problem(where, message, "capabilities.known", _LINUX, WARNING)
    for small, big in (("effective", "permitted"), ("inheritable", "bounding")):  # capset(2) refuses these
        for name in sorted({*given[small]} & NUMBERS.keys() - {*given[big]}):
            message = f"{name} is not in {big}"
            yield Problem(f"{prefix}capabilities.{small}", message, f"capabilities.{small}", _LINUX)


def rlimits(process: Tree, prefix: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, limit in enumerate(process.get("rlimits") or ()):
        where = f"{prefix}rlimits[{index}]"
        kind = limit.get("type")
        if kind in seen:
            message = f"{kind} is also in rlimits[{seen[kind]}]"
            yield Problem(where + ".type", message, "rlimits.unique", _POSIX, WARNING)
        if kind is not None:
            seen[kind] = index
        soft, hard = limit.get("soft") or 0, limit.get("hard") or 0
        if soft > hard:
            yield Problem(where + ".soft", f"{soft} is above hard, {hard}", "rlimits.order", _POSIX)


def oom_score(process: Tree, prefix: str) -> Iterator[Problem]:
    score = process.get("oomScoreAdj")
    if score is not None and not -1000 <= score <= 1000:
        yield Problem(
            prefix + "oomScoreAdj", f"{score} is not from -1000 to 1000", "process.oom-score", _LINUX
        )


def scheduler(process: Tree, prefix: str) -> Iterator[Problem]:
    """sched(7): which attribute belongs to which policy."""
    scheduler = process.get("scheduler")
    policy = scheduler.get("policy") if scheduler else None
    if not scheduler or not policy:
        return
    where = prefix + "scheduler."
    nice, priority = scheduler.get("nice") or 0, scheduler.get("priority") or 0
    if policy in ("SCHED_OTHER", "SCHED_BATCH") and not -20 <= nice <= 19:
        yield Problem(where + "nice", f"{nice} is not from -20 to 19", "scheduler.nice", _LINUX)
    if policy in ("SCHED_FIFO", "SCHED_RR"):
        if not 1 <= priority <= 99:
            yield Problem(where + "priority", f"{priority} is not from 1 to 99", "scheduler.priority", _LINUX)
    elif priority:
        yield Problem(where + "priority", f"means nothing for {policy}", "scheduler.priority", _LINUX)
    times = [scheduler.get(name) or 0 for name in ("runtime", "deadline", "period")]
    if policy == "SCHED_DEADLINE":
        runtime, deadline, period = times
        if not 1024 <= runtime <= deadline or (period and deadline > period):
            message = "runtime <= deadline <= period must hold, and runtime be at least 1024"
            yield Problem(where + "runtime", message, "scheduler.deadline", _LINUX)
    elif any(times):
        message = f"runtime, deadline and period mean nothing for {policy}"
        yield Problem(where + "runtime", message, "scheduler.deadline", _LINUX)


def io_priority(process: Tree, prefix: str) -> Iterator[Problem]:
    level = (process.get("ioPriority") or {}).get("priority")
    if level is not None and not 0 <= level <= 7:
        yield Problem(prefix + "ioPriority.priority", f"{level} is not from 0 to 7", "io-priority", _LINUX)


def affinity(process: Tree, prefix: str) -> Iterator[Problem]:
    lists = process.get("execCPUAffinity")
    if not lists:
        return
    from tiffin.spec.runtime.validation.values import is_number_list

    for name in ("initial", "final"):
        text = lists.get(name)
        if isinstance(text, str) and not is_number_list(text):
            message = f"{text!r} is no list of CPUs such as 0-3,7"
            yield Problem(f"{prefix}execCPUAffinity.{name}", message, "process.affinity", _LINUX)


RULES = (cwd, args, env, user, capabilities, rlimits, oom_score, scheduler, io_priority, affinity)
