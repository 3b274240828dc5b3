"""Runs one config under one runtime, and returns all that can be seen of the container as comparable facts.

The probe prints what it sees from inside; the values of the container's cgroups are read from outside while it is
`created`. What differs from run to run by nature (ids of mounts, inode numbers of namespaces) is normalised here.
"""

from __future__ import annotations

import copy
import json
import os
import re
import select
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.differential.corpus import Case, Tree

Facts = dict[str, str]
STATUS_KEYS = (
    "Umask", "Uid", "Gid", "Groups", "NSpid", "SigQ", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff",
    "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Cpus_allowed_list", "Mems_allowed_list",
    "Threads", "TracerPid",
)  # fmt: skip
TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class Subject:
    """A runtime: its command, and a state directory for it alone."""

    command: tuple[str, ...]
    root: Path

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        argv = [*self.command, "--root", str(self.root), *arguments]
        options = {"check": False, "stdin": subprocess.DEVNULL, **options}
        return subprocess.run(argv, text=True, timeout=TIMEOUT, **options)  # noqa: PLW1510  # in options


def container_name() -> str:
    return f"differential-{os.getpid()}"


def observe(
    subject: Subject, case: Case, base: Tree, probe: Path, folder: Path, stdin: Path = Path(os.devnull)
) -> Facts:
    """Facts of one run, by `section key`; a config that is refused gives the single fact `refused`."""
    bundle = make_bundle(case, base, probe, folder)
    container = container_name()
    output = folder / "output"
    try:
        with output.open("wb") as stream, (folder / "errors").open("wb") as errors, stdin.open() as given:
            streams = {"stdin": given, "stdout": stream, "stderr": errors}
            created = subject.run("create", "--bundle", str(bundle), container, **streams)
        if created.returncode != 0:
            return {"refused": "", "#text": (folder / "errors").read_text()}
        pid = int(json.loads(subject.run("state", container, capture_output=True, check=True).stdout)["pid"])
        facts = cgroup_facts(pid)
        ended = os.pidfd_open(pid)
        try:
            subject.run("start", container, capture_output=True, check=True)
            readable, _, _ = select.select([ended], [], [], TIMEOUT)
            assert readable, f"{case.name}: the probe did not end in {TIMEOUT} s"
        finally:
            os.close(ended)
    finally:
        subject.run("delete", "--force", container, capture_output=True)
        shutil.rmtree(bundle / "rootfs", ignore_errors=True)
    facts.update(normalise(output.read_text(errors="backslashreplace"), str(folder)))
    return facts


def make_bundle(case: Case, base: Tree, probe: Path, folder: Path) -> Path:
    """A bundle of its own for the run: the same paths for both runtimes, made anew each time."""
    bundle = folder / "bundle"
    rootfs = bundle / "rootfs"
    for name in ("proc", "sys", "dev", "tmp", "etc", "mnt", "bin"):
        (rootfs / name).mkdir(parents=True)
    (rootfs / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nseven:x:7:8::/home/seven:/bin/sh\n")
    (rootfs / "tmp").chmod(0o1777)
    (rootfs / "link-to-mnt").symlink_to("/mnt")
    os.link(probe, rootfs / "probe")
    source = folder / "source"
    (source / "folder").mkdir(parents=True, exist_ok=True)
    (source / "file").write_text("a file of the host\n")
    config = copy.deepcopy(base)
    case.change(config)
    config["process"]["args"] = ["/probe", *case.asks]
    text = json.dumps(config).replace("{source}", str(source))
    (bundle / "config.json").write_text(text)
    return bundle


CGROUP_FILES = re.compile(
    r"(memory\.(limit_in_bytes|soft_limit_in_bytes|memsw\.limit_in_bytes|swappiness|oom_control|max|low|high|swap\.max)"
    r"|cpu\.(shares|cfs_quota_us|cfs_period_us|rt_.*|weight|max|idle)|cpuset\.(cpus|mems)|pids\.max|devices\.list"
    r"|blkio\..*(weight|throttle\.(read|write)_.*_device).*|io\.(weight|max|bfq\.weight)|hugetlb\..*\.(limit_in_bytes|max)|freezer\.state|cgroup\.(type|clone_children))"
)


def cgroup_facts(pid: int) -> Facts:
    """The settings of each cgroup of a process, read on the host."""
    facts: Facts = {}
    for entry in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = entry.split(":", 2)
        name = controllers.removeprefix("name=") or (
            "unified" if Path("/sys/fs/cgroup/unified").is_dir() else ""
        )
        folder = Path("/sys/fs/cgroup", name, path.lstrip("/"))
        facts[f"host-cgroup {controllers}"] = path
        if path == "/" or not folder.is_dir():
            continue
        for file in sorted(folder.iterdir()):
            if CGROUP_FILES.fullmatch(file.name):
                try:
                    value = file.read_text().strip()
                except OSError as error:
                    value = f"errno {error.errno}"
                if file.name == "devices.list":  # a set: in which order its rules were written does not count
                    value = "\n".join(sorted(value.splitlines()))
                facts[f"host-cgroup {controllers}/{file.name}"] = value
    return facts


def normalise(output: str, folder: str) -> Facts:
    """The probe's lines as facts, without what differs between any two runs."""
    facts: Facts = {}
    mounts: list[str] = []
    for text in output.splitlines():
        section, _, rest = text.partition("\t")
        key, _, value = rest.partition("\t")
        value = value.replace(folder, "{folder}")
        if section == "mountinfo":
            mounts.append(value)
        elif section == "status":
            name, _, content = value.partition(":")
            if name in STATUS_KEYS:
                facts[f"status {name}"] = signal_queue(content.strip()) if name == "SigQ" else content.strip()
        elif section == "namespace":
            same = value == os.readlink(f"/proc/self/ns/{key}")
            facts[f"namespace {key}"] = "the host's" if same else "its own"
        elif section == "keys":
            facts.update(keyring_fact(value))
        elif section == "descriptor":
            facts[f"descriptor {key}"] = re.sub(r"\d{3,}", "N", value)
        else:
            facts[f"{section} {key}"] = value
    for name in ("process pid", "process ppid", "status NSpid"):  # in the host's pid namespace: any number
        facts[name] = re.sub(r"\d{3,}", "N", facts.get(name, ""))
    assert "end complete" in facts, f"the probe ended early: {output[-200:]!r}"
    facts.update(mount_facts(mounts))
    return facts


def signal_queue(value: str) -> str:
    return value.partition("/")[2]  # the limit; how many are queued is chance


def keyring_fact(value: str) -> Facts:
    """The container's session keyring, without its serial number and usage; root sees those of all other containers."""
    fields = value.split()
    if len(fields) > 8 and fields[7] == "keyring" and fields[8].rstrip(":") == f"_ses.{container_name()}":
        return {f"keys {fields[8].rstrip(':')}": f"{fields[4]} {fields[5]} {fields[6]}"}
    return {}


def mount_facts(lines: list[str]) -> Facts:
    """Mounts by their place, with what each lies on; anonymous device numbers and peer groups dropped.

    The kernel lists them by their numbers (Linux 6.8 and later), and a tree that was opened early has a low one: the
    order counts only among those of one place.
    """
    places = {line.split()[0]: str(index) for index, line in enumerate(lines)}
    facts: Facts = {}
    seen: dict[str, int] = {}
    for line in lines:
        left, _, right = line.partition(" - ")
        _, parent, device, root, target, options, *tags = left.split()
        device = device if not device.startswith("0:") else "anonymous"
        shared = " ".join(sorted(tag.split(":")[0] for tag in tags))
        over = lines[int(places[parent])].split()[4] if parent in places else "outside"
        seen[target] = seen.get(target, 0) + 1
        facts[f"mount {target} {seen[target]}"] = f"{device} {root} on {over} {options} {shared} - {right}"
    return facts


def differences(ours: Facts, theirs: Facts) -> dict[str, tuple[str | None, str | None]]:
    """What is not equal: fact to (ours, theirs); None where one has no such fact."""
    names = sorted(name for name in ours.keys() | theirs.keys() if not name.startswith("#"))
    return {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}
