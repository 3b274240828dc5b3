"""The command line: what it prints, what it refuses, what it imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import PROGRAM

from tiffin.manager import VERSION
from tiffin.manager.command.options import quickly
from tiffin.manager.config.loading import load
from tiffin.manager.config.settings import Config


def tiffind(*words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_version() -> None:
    assert version("tiffin-manager") == VERSION
    for word in ("--version", "-v"):
        assert tiffind(word).stdout == f"tiffind {VERSION}\n"


def test_the_version_costs_nothing() -> None:
    code = "import sys; before = set(sys.modules); from tiffin.manager.command.main import main; main(['--version']);"
    code += " print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = done.stdout.split("\n")[1].split()
    assert set(loaded) <= {
        "tiffin",
        "tiffin.manager",
        "tiffin.manager.command",
        "tiffin.manager.command.main",
    }


def test_config_verbs_import_no_grpc() -> None:
    code = "import sys; from tiffin.manager.command.main import main; main(['config', 'default']); "
    code += "print('grpc' in sys.modules, 'google.protobuf' in sys.modules, 'sqlite3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.endswith("False False False\n")


def test_the_default_file_is_taken_as_it_is(tmp_path: Path) -> None:
    done = tiffind("config", "default")
    assert done.returncode == 0
    path = tmp_path / "config.toml"
    path.write_text(done.stdout)
    assert load(str(path)) == Config()


def test_dump_shows_what_counts(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("version = 3\nimports = ['more.toml']\n[debug]\nlevel = 'warn'\n")
    (tmp_path / "more.toml").write_text("version = 3\n[grpc]\ngid = 7\n")
    words = ("--config", tmp_path / "config.toml", "--root", "relative", "--address", "unix:///a/b")
    done = tiffind(*words, "config", "dump")
    found = tomllib.loads(done.stdout)
    assert (found["debug"]["level"], found["grpc"]["gid"]) == ("warn", 7)
    assert (found["root"], found["grpc"]["address"]) == (str(Path.cwd() / "relative"), "/a/b")


def test_dump_of_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("version = 3\nrot = 1\n")
    done = tiffind("--config", tmp_path / "config.toml", "config", "dump")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"tiffind: {tmp_path}/config.toml:2: rot is unknown; is 'root' meant?\n"


def test_migrate(tmp_path: Path) -> None:
    text = (
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = 'x'\n[debug]\nlevel = 'warn'\n"
    )
    (tmp_path / "config.toml").write_text(text)
    for done in (
        tiffind("config", "migrate", given=text),
        tiffind("config", "migrate", "-i", tmp_path / "config.toml"),
    ):
        assert tomllib.loads(done.stdout) == {"version": 3, "debug": {"level": "warn"}}
        assert "sandbox" not in done.stdout
        assert done.stderr.startswith('plugins."io.containerd.grpc.v1.cri": dropped')
    assert tiffind("config", "migrate", given="a = [").returncode == 1
    assert tiffind("config", "migrate", "--input", tmp_path / "none").returncode == 1


@pytest.mark.parametrize("words", [("--nonsense",), ("config", "nonsense"), ("nonsense",), ("--root",)])
def test_words_that_are_none(words: tuple[str, ...]) -> None:
    done = tiffind(*words)
    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_an_option_that_cannot_be() -> None:
    done = tiffind("--log-level", "loud")
    assert done.returncode == 1
    assert done.stderr.startswith("tiffind: debug.level is 'loud', must be one of 'trace'")


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--root", "/r", "-l", "debug"], {"root": "/r", "log-level": "debug"}),
        (["--address=/a=b", "--config=x"], {"address": "/a=b", "config": "x"}),
        (["config"], None),
        (["--root"], None),
        (["--root", "--state"], None),
        (["-l=debug"], None),
        (["--help"], None),
        (["--root", "/r", "config", "dump"], None),
    ],
)
def test_what_is_read_without_click(words: list[str], options: dict[str, str] | None) -> None:
    assert quickly(words) == options


def test_help() -> None:
    done = tiffind("--help")
    assert done.returncode == 0
    for word in ("--config", "--address", "--root", "--state", "--log-level", "config"):
        assert word in done.stdout
    assert "publish" not in done.stdout


def test_an_event_for_nobody() -> None:
    done = tiffind("--address", "/nonexistent/sock", "publish", "--topic", "/x")
    assert done.returncode == 1
    assert "the event was not taken: UNAVAILABLE" in done.stderr


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_no_room_for_what_it_prints(word: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, word], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert (done.stderr.startswith("tiffind: "), done.stderr.count("\n")) == (True, 1)
