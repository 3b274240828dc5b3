"""Calls that cannot succeed where there is no container, and what is compared of the answers of runc and of ours.

A row is (what is special about it, global flags, words). Where our text may say more than runc's, it begins with it.
"""

from __future__ import annotations

from typing import NamedTuple


class BadCall(NamedTuple):
    """One call; {empty} is a directory with nothing in it, {absent} a path where nothing is."""

    words: tuple[str, ...]
    options: tuple[str, ...] = ()

    def filled(self, **paths: str) -> tuple[list[str], list[str]]:
        """Global flags and words with the paths in place."""
        return [word.format(**paths) for word in self.options], [word.format(**paths) for word in self.words]


NEEDS_ONE = (
    "start",
    "state",
    "pause",
    "resume",
    "delete",
    "events",
    "update",
    "checkpoint",
    "restore",
    "create",
    "run",
)
OF_A_CONTAINER = (
    ("state",), ("start",), ("kill",), ("kill", "--all"), ("delete",), ("pause",), ("resume",), ("ps",), ("events",),
    ("events", "--stats"), ("update",), ("update", "--memory", "1m"), ("checkpoint",), ("exec",),
)  # fmt: skip

CALLS = (
    *(BadCall((verb,)) for verb in (*NEEDS_ONE, "kill", "ps", "exec")),
    *(BadCall((verb, "a", "b", "c")) for verb in (*NEEDS_ONE, "kill", "list", "spec", "features")),
    *(BadCall((*words, "absent")) for words in OF_A_CONTAINER),
    *(BadCall((*words, "a/b")) for words in OF_A_CONTAINER),
    *(BadCall((verb, identifier)) for verb in ("state", "delete") for identifier in ("", ".", "..", "a b", "ü")),
    *(BadCall((verb, "--bogus", "id")) for verb in ("state", "run", "exec", "kill", "ps", "list")),
    BadCall(("exec", "absent", "true")),
    BadCall(("exec", "--process", "{absent}", "absent")),
    BadCall(("kill", "absent", "NOSIGNAL")),
    BadCall(("kill", "absent", "-9")),
    BadCall(("kill", "--all=maybe", "absent")),
    BadCall(("delete", "--force", "absent")),
    BadCall(("ps", "--format", "xml", "absent")),
    BadCall(("list", "--format", "xml")),
    BadCall(("events", "--interval", "5", "absent")),
    BadCall(("events", "--interval", "0s", "absent")),
    BadCall(("update", "--pids-limit", "many", "absent")),
    BadCall(("update", "--resources", "{absent}", "absent")),
    BadCall(("create", "--bundle", "{absent}", "id")),
    BadCall(("create", "--bundle", "{empty}", "id")),
    BadCall(("create", "--preserve-fds", "some", "id")),
    BadCall(("run", "--bundle", "{empty}", "id")),
    BadCall(("run", "--preserve-fds")),
    BadCall(("spec", "--bundle", "{absent}")),
    BadCall(("nothing",)),
    BadCall(("help", "nothing")),
    BadCall(("state", "absent"), ("--bogus",)),
    BadCall(("state", "absent"), ("--log-format", "xml")),
    BadCall(("state", "absent"), ("--log", "{absent}/log")),
    BadCall(("list",), ("--log", "{absent}/log")),
    BadCall(("state", "absent"), ("--log-format", "json")),
    BadCall(("state", "absent"), ("--rootless", "perhaps")),
    BadCall(("state", "absent"), ("--systemd-cgroup", "--criu", "/nowhere")),
)  # fmt: skip
