"""Changes of configs: the same as umoci's, option by option; nothing else of the image changes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.bundles.config_changes import ConfigChanges
from tiffin.image.bundles.config_editing import change_config
from tiffin.image.bundles.history import HistoryEntry
from tiffin.image.documents import Descriptor, Platform
from tiffin.image.errors import InvalidArgument, NotFound
from tiffin.image.transfer.protocol import ImageSource
from tiffin.image.transports.opening import open_source
from tiffin.image.writing import write_layout
from tiffin_testing.images import file, tar

Read = Callable[[Path, str], tuple[dict[str, Any], dict[str, Any]]]
Put = Callable[[ImageSource, str], Descriptor]
TIME = "2030-01-31T12:00:00Z"
ENTRY = HistoryEntry("by hand", TIME, "me", "why")
BASE = {
    "Cmd": ["sh"],
    "Entrypoint": ["/init"],
    "Env": ["A=1", "B=2"],
    "Labels": {"old": "1"},
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/v": {}},
    "User": "5",
}
REST = ("config.cmd", "config.entrypoint", "config.exposedports", "config.volume", "manifest.annotations")
CASES = {
    "cmd": (ConfigChanges(cmd=("a", "b")), ["--config.cmd=a", "--config.cmd=b"]),
    "entrypoint": (ConfigChanges(entrypoint=("e",)), ["--config.entrypoint=e"]),
    "env": (
        ConfigChanges(env=("A=x", "C=", "C=y=z")),
        ["--config.env=A=x", "--config.env=C=", "--config.env=C=y=z"],
    ),
    "user": (ConfigChanges(user="7:8"), ["--config.user=7:8"]),
    "workingdir": (ConfigChanges(working_folder="/w"), ["--config.workingdir=/w"]),
    "label": (ConfigChanges(labels={"new": "2", "old": "3"}), ["--config.label=new=2", "--config.label=old=3"]),
    "stopsignal": (ConfigChanges(stop_signal="SIGINT"), ["--config.stopsignal=SIGINT"]),
    "exposedports": (
        ConfigChanges(exposed_ports=("443/tcp", "53/udp")),
        ["--config.exposedports=443/tcp", "--config.exposedports=53/udp"],
    ),
    "volume": (ConfigChanges(volumes=("/data",)), ["--config.volume=/data"]),
    "author": (ConfigChanges(author="somebody"), ["--author=somebody"]),
    "created": (ConfigChanges(created="2020-02-02T02:02:02Z"), ["--created=2020-02-02T02:02:02Z"]),
    "platform": (ConfigChanges(architecture="arm64", os="linux"), ["--architecture=arm64", "--os=linux"]),
    "annotation": (ConfigChanges(annotations={"k": "v"}), ["--manifest.annotation=k=v"]),
    "clear and set": (
        ConfigChanges(clear=("config.env", "config.labels"), env=("Z=1",)),
        ["--clear=config.env", "--clear=config.labels", "--config.env=Z=1"],
    ),
    "clear the rest": (ConfigChanges(clear=REST), [f"--clear={name}" for name in REST]),
}  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(str(tmp_path / "layout"), [tar(file("f", b"f"))], BASE, "base")
    return tmp_path / "layout"


def edit(layout: Path, changes: ConfigChanges, put: Put, **options: Any) -> Descriptor:
    with ExitStack() as stack:
        source = open_source(f"oci:{layout}:base", stack)
        return put(change_config(source, changes, **options), f"oci:{layout}:ours")


def with_zero_time(tree: dict[str, Any]) -> dict[str, Any]:
    """Go writes the time 0 for a config that has none."""
    return {"created": "0001-01-01T00:00:00Z", **tree}


@pytest.mark.requires("umoci")
@pytest.mark.parametrize("name", CASES)
def test_umoci_makes_the_same(name: str, layout: Path, put: Put, read: Read) -> None:
    changes, words = CASES[name]
    edit(layout, changes, put, history=ENTRY)
    history = [
        f"--history.created={TIME}", "--history.created_by=by hand", "--history.author=me", "--history.comment=why"
    ]  # fmt: skip
    command = ["umoci", "config", "--image", f"{layout}:base", "--tag", "theirs", *words, *history]
    subprocess.run(command, check=True, timeout=60)
    (ours, our_config), (theirs, their_config) = read(layout, "ours"), read(layout, "theirs")
    if name == "clear the rest":  # nothing is left of the empty lists
        assert their_config["config"].keys() == {"Env", "Labels", "User"}
    assert with_zero_time(our_config) == their_config
    assert (ours["layers"], ours.get("annotations")) == (theirs["layers"], theirs.get("annotations"))


def test_a_change_to_what_is_there_already_is_none(layout: Path, put: Put) -> None:
    with ExitStack() as stack:
        before = open_source(f"oci:{layout}:base", stack).resolve().digest
    assert edit(layout, ConfigChanges(user="5", env=("A=1",)), put).digest == before


def test_history_has_the_given_time_or_is_left_out(layout: Path, put: Put, read: Read) -> None:
    edit(layout, ConfigChanges(user="9"), put, source_date_epoch=0)
    assert read(layout, "ours")[1]["history"] == [
        {"created": "1970-01-01T00:00:00Z", "created_by": "tiffin config", "empty_layer": True}
    ]
    edit(layout, ConfigChanges(user="9"), put, history=None)
    assert "history" not in read(layout, "ours")[1]


def test_what_nobody_here_knows_stays(layout: Path, put: Put, read: Read) -> None:
    write_layout(
        str(layout), [tar(file("f", b"f"))], {**BASE, "Healthcheck": {"Test": ["NONE"]}, "X": [1]}, "base"
    )
    edit(layout, ConfigChanges(user="9"), put)
    config = read(layout, "ours")[1]["config"]
    assert (config["Healthcheck"], config["X"], config["User"]) == ({"Test": ["NONE"]}, [1], "9")


@pytest.mark.requires("skopeo")
def test_skopeo_reads_the_new_config_in_dockers_format_too(layout: Path, put: Put, tmp_path: Path) -> None:
    archive = f"docker-archive:{tmp_path / 'image.tar'}:example.test/app:1"
    with ExitStack() as stack:
        source = open_source(f"oci:{layout}:base", stack)
        put(change_config(source, ConfigChanges(labels={"new": "2"}, annotations={"k": "v"})), archive)
    shown = subprocess.run(
        ["skopeo", "inspect", "--config", archive], check=True, timeout=60, capture_output=True
    )
    assert json.loads(shown.stdout)["config"]["Labels"] == {"old": "1", "new": "2"}


@pytest.mark.parametrize(
    "changes",
    [
        ConfigChanges(env=("bad",)),
        ConfigChanges(env=("=x",)),
        ConfigChanges(exposed_ports=("http",)),
        ConfigChanges(exposed_ports=("0/tcp",)),
        ConfigChanges(exposed_ports=("65536",)),
        ConfigChanges(exposed_ports=("90-80/udp",)),
        ConfigChanges(created="yesterday"),
        ConfigChanges(created="2020-01-01T00:00:00"),
        ConfigChanges(created="2020-01-01T12Z"),  # all of these are times for Python, and for no peer
        ConfigChanges(created="20200101T120000Z"),
        ConfigChanges(created="2020-01-01 12:00:00Z"),
        ConfigChanges(created="2020-W01-1T12:00:00Z"),
        ConfigChanges(clear=("config.nonsense",)),
    ],
)
def test_what_no_config_can_have_is_refused(changes: ConfigChanges, layout: Path, put: Put) -> None:
    with pytest.raises(InvalidArgument):
        edit(layout, changes, put)


def test_a_history_entry_needs_a_time(layout: Path, put: Put) -> None:
    with pytest.raises(InvalidArgument, match="yesterday"):
        edit(layout, ConfigChanges(user="9"), put, history=HistoryEntry("x", "yesterday"))


@pytest.mark.parametrize("epoch", [10**12, 10**24])
def test_a_time_past_all_years_is_refused(epoch: int, layout: Path, put: Put) -> None:
    with pytest.raises(InvalidArgument, match=str(epoch)):
        edit(layout, ConfigChanges(user="9"), put, source_date_epoch=epoch)


@pytest.mark.parametrize("text", ["2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00+01:00"])
def test_times_as_peers_write_them(text: str, layout: Path, put: Put, read: Read) -> None:
    edit(layout, ConfigChanges(created=text, exposed_ports=("8000-8010/tcp",)), put)
    assert read(layout, "ours")[1]["created"] == text


def test_an_image_for_another_platform_is_not_found(layout: Path, put: Put) -> None:
    index = json.loads((layout / "index.json").read_text())
    index["manifests"][0]["platform"] = {"os": "plan9", "architecture": "amd64"}
    (layout / "index.json").write_text(json.dumps({**index, "manifests": index["manifests"] * 1}))
    edit(layout, ConfigChanges(user="9"), put, platform=Platform("plan9", "amd64"))
    index["manifests"].append({**index["manifests"][0], "platform": {"os": "plan9", "architecture": "arm64"}})
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(NotFound, match="plan9"):
        edit(layout, ConfigChanges(user="9"), put, platform=Platform("linux", "amd64"))
