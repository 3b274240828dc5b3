"""Configs as hypothesis draws them: whole sections that the validator mostly takes, in any combination."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from packages.runtime.tests.compile.planning import EVERY, config_of

from tiffin.runtime.compile.mount_options import known_options
from tiffin.runtime.compile.process import RESOURCES
from tiffin.runtime.compile.scheduling import IO_CLASSES, MEMORY_MODES, POLICIES
from tiffin.spec.runtime.capabilities import NUMBERS

Config = dict[str, Any]
HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
words = st.text("abc.-_/ =é\u0001", min_size=1, max_size=12)
paths = words.map(lambda text: "/" + text)
small = st.integers(0, 70000)


def maybe(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Config]:
    """An object that has any of these members."""
    return st.fixed_dictionaries({}, optional=members)


def some(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=most)


ids = st.builds(
    lambda first, host, size: [{"containerID": first, "hostID": host, "size": size}],
    st.integers(0, 2),
    small,
    st.integers(1, 70000),
)
mounts = st.builds(
    lambda destination, kind, options, more: {
        "destination": destination,
        "type": kind,
        "options": options,
        **more,
    },
    paths,
    st.sampled_from(["bind", "tmpfs", "proc", "sysfs", "cgroup", "devpts", "ext4"]),
    some(st.sampled_from(known_options()) | words, 5),
    maybe(source=words)
    | st.builds(lambda rows: {"source": "/s", "uidMappings": rows, "gidMappings": rows}, ids),
)
devices = st.builds(
    lambda path, kind, major, minor, more: {
        "path": path,
        "type": kind,
        "major": major,
        "minor": minor,
        **more,
    },
    paths,
    st.sampled_from("cbup"),
    st.integers(0, 4095),
    st.integers(0, 1 << 19),
    maybe(fileMode=small, uid=small, gid=small),
)
namespaces = st.lists(
    st.builds(
        lambda kind, path: {"type": kind, **({"path": path} if path else {})},
        st.sampled_from([*EVERY, "user", "time"]),
        st.just("") | paths,
    ),
    unique_by=lambda one: one["type"],
    max_size=8,
) | st.just([{"type": kind} for kind in EVERY])
lists = st.sampled_from(["0", "0-3", "1,2", "0-7:1/2", "", "0-999999999", "5000"])
linux = maybe(
    uidMappings=ids,
    gidMappings=ids,
    devices=some(devices),
    timeOffsets=st.dictionaries(st.sampled_from(["monotonic", "boottime"]), maybe(secs=st.integers(-99, 99))),
    sysctl=st.dictionaries(
        st.sampled_from(["net.a.b", "net/c.d/e", "kernel.sem", "fs.mqueue.x"]), words, max_size=2
    ),
    rootfsPropagation=st.sampled_from(["shared", "rslave", "private", "runbindable", "other"]),
    maskedPaths=some(paths),
    readonlyPaths=some(paths),
    mountLabel=words,
    personality=st.sampled_from([{"domain": "LINUX"}, {"domain": "LINUX32"}]),
    memoryPolicy=st.builds(
        lambda mode, nodes: {"mode": mode, "nodes": nodes}, st.sampled_from([*MEMORY_MODES]), lists
    ),
)
capabilities = maybe(
    **{kind: some(st.sampled_from([*NUMBERS]) | words) for kind in ("bounding", "permitted", "ambient")}
)
rlimits = st.builds(
    lambda kind, soft, more: {"type": kind, "soft": soft, "hard": min(soft + more, 2**64 - 1)},
    st.sampled_from([*RESOURCES]),
    st.integers(0, 2**64 - 1),
    small,
)
process = maybe(
    args=st.lists(words, min_size=1, max_size=3),
    cwd=paths,
    env=some(st.builds(lambda name, value: f"{name}={value}", st.sampled_from(["A", "HOME", "PATH"]), words)),
    user=maybe(uid=small, gid=small, umask=st.integers(0, 0o777), additionalGids=some(small)),
    capabilities=capabilities,
    rlimits=some(rlimits),
    noNewPrivileges=st.booleans(),
    oomScoreAdj=st.integers(-1000, 1000),
    terminal=st.booleans(),
    consoleSize=maybe(width=small, height=small),
    scheduler=st.builds(lambda policy: {"policy": policy, "nice": 1}, st.sampled_from([*POLICIES])),
    ioPriority=st.builds(lambda kind: {"class": kind, "priority": 3}, st.sampled_from([*IO_CLASSES])),
    execCPUAffinity=maybe(initial=lists, final=lists),
)
hook = st.builds(
    lambda path, more: {"path": path, **more}, paths, maybe(args=some(words), timeout=st.integers(1, 9))
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """One config; most are sound, some are not."""
    changes: Config = draw(
        maybe(
            mounts=some(mounts, 4),
            hostname=words,
            domainname=words,
            hooks=maybe(**{kind: some(hook, 2) for kind in HOOKS}),
            annotations=st.dictionaries(words, words, max_size=2),
        )
    )
    section = {**draw(linux), "namespaces": draw(namespaces)}
    root = {"path": draw(words), **draw(maybe(readonly=st.booleans()))}
    return config_of(**changes, root=root, linux=section, process=draw(process))
