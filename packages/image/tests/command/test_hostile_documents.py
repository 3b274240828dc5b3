"""Images whose documents are not what image-spec says: an exit code and one line, or what can be shown of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.command.conftest import LAYERS, Program

from tiffin.image.command.output import print_table
from tiffin.image.command.units import age_text, moment
from tiffin.image.writing import write_blob, write_index, write_layout

NAME = "org.opencontainers.image.ref.name"
EDIT = (
    "--config.env",
    "A=1",
    "--config.label",
    "a=1",
    "--config.volume",
    "/x",
    "--manifest.annotation",
    "a=b",
)


def image(folder: Path, config: dict[str, Any], manifest: dict[str, Any] | None = None) -> str:
    """A layout with an image that has these members too."""
    write_layout(str(folder), LAYERS, {"Cmd": ["/bin/sh"]}, "1")
    (entry,) = json.loads((folder / "index.json").read_text())["manifests"]

    def blob(descriptor: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        )
        return found

    tree = blob(entry)
    changed = json.dumps({**blob(tree["config"]), **config}).encode()
    new = {
        **tree,
        "config": write_blob(str(folder), changed, tree["config"]["mediaType"]),
        **(manifest or {}),
    }
    made = write_blob(str(folder), json.dumps(new).encode(), entry["mediaType"])
    write_index(str(folder), [{**made, "annotations": {NAME: "1"}}])
    return f"oci:{folder}:1"


@pytest.mark.parametrize(
    ("config", "manifest"),
    [
        ({"history": 5}, None),
        ({"config": [1]}, None),
        ({"config": "text"}, None),
        ({"config": {"Env": 5}}, None),
        ({"config": {"Env": [5]}}, None),
        ({"config": {"Env": {"A": "1"}}}, None),
        ({"config": {"Labels": [1]}}, None),
        ({"config": {"ExposedPorts": 80}}, None),
        ({"config": {"Volumes": "abc"}}, None),
        ({}, {"annotations": [1]}),
    ],
)
def test_members_of_other_types(
    config: dict[str, Any], manifest: dict[str, Any] | None, program: Program, tmp_path: Path
) -> None:
    made = image(tmp_path / "hostile", config, manifest)
    for words in (["config", made, "oci:made:1", *EDIT], ["unpack", made, "bundle"]):
        code, text = program.fails(*words)
        assert code == 3
        assert text.startswith(f"tiffin-image {words[0]}: ")
        assert text.count("\n") == 1
    for verb in ("inspect", "history"):
        done = program.try_(verb, made)
        assert done.returncode in (0, 3)
        assert "Traceback" not in done.stderr
    assert not (program.folder / "made").exists()
    assert not (program.folder / "bundle").exists()


def test_a_history_with_nothing_and_with_codes_for_terminals(program: Program, tmp_path: Path) -> None:
    steps = [
        {"created": None, "created_by": None, "comment": None},
        {"created": "0001-01-01T00:00:00Z", "created_by": "one\x1b[2Jtwo\x9b", "comment": 7},
    ]
    made = image(tmp_path / "hostile", {"history": steps})
    assert [" ".join(line.split()) for line in program("history", made).splitlines()[1:]] == [
        f"{layer} {by}10.2 kB" for layer, by in zip(layers(program, made), (r"one\x1b[2Jtwo\x9b ", ""), strict=True)
    ]  # fmt: skip


def layers(program: Program, made: str) -> list[str]:
    return [digest[7:19] for digest in json.loads(program("inspect", made))["Layers"]][::-1]


def test_names_that_would_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME",), [("a\nb\tc\x1b[31m",), ("ä日",)])
    assert capsys.readouterr().out == "NAME\na\\nb\\tc\\x1b[31m\nä日\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "bold"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_table_on_a_narrow_terminal_is_whole(
    environment: dict[str, str], *, bold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"COLUMNS": "20", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", shown := Terminal())
    print_table(("NAME", "SIZE"), [("a" * 50, "1 B")])
    heading = f"NAME{' ' * 49}SIZE"
    first = f"\x1b[1m{heading}\x1b[0m" if bold else heading
    assert shown.getvalue() == f"{first}\n{'a' * 50}   1 B\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-0.5, "just now"), (59, "just now"), (61, "1 minute ago"), (-61, "in 1 minute"), (-7200, "in 2 hours")],
)
def test_a_clock_may_be_ahead(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", None, 7])
def test_what_is_no_time(text: object) -> None:
    assert moment(text) is None


@pytest.mark.requires("root")
def test_a_damaged_index_of_the_store_is_listed_and_can_be_removed(program: Program, several: str) -> None:
    program("pull", "-q", "--all", "--name", "app", several)
    digest = program("digest", "app").strip()
    (blob,) = (program.folder / "store").rglob(digest.partition(":")[2])
    blob.chmod(0o644)
    blob.write_bytes(b"x" * blob.stat().st_size)
    assert "docker.io/library/app:latest" in program("list")
    assert json.loads(program("list", "--json"))[0]["digest"] == digest
    program("remove", "app")
    assert json.loads(program("list", "--json")) == []


def test_what_is_damaged_in_a_layout_is_named(program: Program, original: str) -> None:
    layout = Path(original.split(":")[1])
    layer = json.loads(program("inspect", original))["Layers"][1]
    (layout / "blobs" / layer.replace(":", "/")).write_bytes(b"x")
    code, text = program.fails("load", "-q", "-i", layout, "--name", "app")
    assert code == 3
    assert layer in text
    assert str(layout) in text
    assert program("list", "-q") == ""
    (layout / "index.json").write_text("[")
    code, text = program.fails("load", "-q", "-i", layout, "--name", "app")
    assert code == 3
    assert str(layout) in text
