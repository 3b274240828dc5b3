"""`tiffin demo` and `tiffin explain`: what a newcomer is shown."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Tiffin

from tiffin.cli.demo import busybox
from tiffin.cli.failure import CommandFailed

needs_root = pytest.mark.requires(
    "root", "busybox", "overlayfs", "cgroup_memory", "cgroup_pids", "cgroup_cpu"
)


@needs_root
def test_the_demo_runs_into_each_limit_and_shows_the_plan(tiffin: Tiffin) -> None:
    if tiffin.runtime:
        pytest.skip("only tiffin's own runtime has a trace")
    outcome = tiffin.call("demo")
    assert outcome.code == 0, outcome
    order = (
        "Hello from inside a container!",
        "one layer of",
        "67108864 bytes at most",
        "dd ended with 137",
        "16 at most",
        "can't fork",
        "and was made to wait",
        "make new namespaces",
        "set the host name to demo",
        "find the program sh",
        "ms of work within",
    )
    places = [outcome.out.find(text) for text in order]
    assert -1 not in places, outcome.out
    assert places == sorted(places)
    assert tiffin.call("images", "--quiet").out == ""


@needs_root
@pytest.mark.requires("runc")
def test_the_demo_with_another_runtime(tiffin: Tiffin) -> None:
    outcome = tiffin.call("demo", "--runtime=runc")
    assert outcome.code == 0, outcome
    assert "dd ended with 137" in outcome.out


def test_without_busybox_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(busybox, "PROGRAM", str(tmp_path / "busybox"))
    with pytest.raises(CommandFailed, match="apt install busybox-static"):
        busybox.build_busybox_image(str(tmp_path / "image"))
    (tmp_path / "busybox").write_bytes(b"\x7fELF /lib64/ld-linux-x86-64.so.2")
    with pytest.raises(CommandFailed, match=r"needs shared libraries.*apt install busybox-static"):
        busybox.build_busybox_image(str(tmp_path / "image"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle/rootfs").mkdir(parents=True)
    config: dict[str, Any] = {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "process": {"args": ["/bin/prog"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
        "hostname": "shown",
        "linux": {"namespaces": [{"type": "uts"}, {"type": "mount"}, {"type": "pid"}]},
    }
    if os.geteuid() != 0:  # then the runtime would refuse it without
        config["linux"]["namespaces"].append({"type": "user"})
        for kind, own in (("uidMappings", os.geteuid()), ("gidMappings", os.getegid())):
            config["linux"][kind] = [{"containerID": 0, "hostID": own, "size": 1}]
    (tmp_path / "bundle/config.json").write_text(json.dumps(config))
    return tmp_path / "bundle"


def explain(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "explain", *words], capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_a_plan_for_a_person(bundle: Path) -> None:
    done = explain(bundle)
    assert done.returncode == 0, done
    assert "set the host name to shown  # hostname" in done.stdout
    assert "find the program /bin/prog" in done.stdout


def test_a_plan_as_json(bundle: Path) -> None:
    operations = json.loads(explain("--json", bundle).stdout)
    assert [operation["index"] for operation in operations] == list(range(len(operations)))
    (naming,) = [operation for operation in operations if operation["where"] == "hostname"]
    assert naming["step"] == "init"
    assert "shown" in naming["fields"].values()


def test_no_plan_without_a_bundle_or_for_a_bad_one(bundle: Path, tmp_path: Path) -> None:
    missing = explain(tmp_path)
    assert missing.returncode == 125
    assert "config.json" in missing.stderr
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["cwd"] = "relative"
    (bundle / "config.json").write_text(json.dumps(config))
    bad = explain(bundle)
    assert bad.returncode == 125
    assert "process.cwd" in bad.stderr
    assert "Traceback" not in bad.stderr
