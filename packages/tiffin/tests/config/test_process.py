"""What runs: the image's config and the flags, merged as docker does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import Built

Build = Callable[..., Built]
IMAGE = {"Entrypoint": ["/entry"], "Cmd": ["default"], "Env": ["PATH=/p", "A=image"], "WorkingDir": "/work"}


def process(built: Built) -> Any:
    return built.config["process"]


@pytest.mark.parametrize(
    ("words", "args"),
    [
        (["image"], ["/entry", "default"]),
        (["image", "given", "-x"], ["/entry", "given", "-x"]),
        (["--entrypoint=/mine", "image"], ["/mine"]),
        (["--entrypoint=/mine", "image", "given"], ["/mine", "given"]),
        (["--entrypoint=", "image", "given"], ["given"]),
    ],
)
def test_arguments(build: Build, words: list[str], args: list[str]) -> None:
    assert process(build(*words, image=IMAGE))["args"] == args


def test_nothing_to_run(build: Build) -> None:
    with pytest.raises(UsageError, match="nothing about what to run"):
        build(image={"Cmd": None})
    with pytest.raises(UsageError, match="nothing about what to run"):
        build("--entrypoint=", image=IMAGE)


def environment(built: Built) -> dict[str, str]:
    return dict(text.split("=", 1) for text in process(built)["env"])


def test_environment_of_the_image_and_of_flags(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTER", "caller's")
    monkeypatch.delenv("ABSENT", raising=False)
    (tmp_path / "file").write_text("# no\n\nB=file\n  C=file with = in it\nOUTER\n")
    built = build("-e", "B=flag", "-e", "ABSENT", f"--env-file={tmp_path}/file", "-e", "A", image=IMAGE)
    assert environment(built) == {
        "PATH": "/p",
        "HOSTNAME": "0123456789ab",
        "B": "flag",
        "C": "file with = in it",
        "OUTER": "caller's",
        "HOME": "/root",
    }


def test_a_terminal_has_a_name(build: Build) -> None:
    built = build("-t")
    assert process(built)["terminal"] is True
    assert environment(built)["TERM"] == "xterm"
    assert "TERM" not in environment(build())


def test_mistakes_in_the_environment(build: Build, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--env: '=x' is no NAME=VALUE"):
        build("-e", "=x")
    (tmp_path / "file").write_text("A NAME=1\n")
    with pytest.raises(UsageError, match="no space in it"):
        build(f"--env-file={tmp_path}/file")
    with pytest.raises(UsageError, match="cannot be read"):
        build("--env-file=/not/there")


def test_working_directory(build: Build) -> None:
    assert process(build(image=IMAGE))["cwd"] == "/work"
    assert process(build("-w", "/a/../b/", image=IMAGE))["cwd"] == "/b"
    assert process(build())["cwd"] == "/"
    with pytest.raises(UsageError, match="no absolute path"):
        build("-w", "relative")


@pytest.mark.parametrize(
    ("flags", "user"),
    [
        ([], {"uid": 0, "gid": 0, "additionalGids": [0]}),
        (["-u", "user"], {"uid": 1000, "gid": 1000, "additionalGids": [1000, 2000]}),
        (["-u", "1000"], {"uid": 1000, "gid": 1000, "additionalGids": [1000, 2000]}),
        (["-u", "user:extra"], {"uid": 1000, "gid": 2000, "additionalGids": [2000]}),
        (["-u", "user:77"], {"uid": 1000, "gid": 77, "additionalGids": [77]}),
        (["-u", "4321"], {"uid": 4321, "gid": 0, "additionalGids": [0]}),
        (["-u", "4321", "--group-add=more"], {"uid": 4321, "gid": 0, "additionalGids": [0, 3000]}),
        (["-u", "7"], {"uid": 8, "gid": 9, "additionalGids": [9]}),  # a name that is a number
    ],
)
def test_users(build: Build, flags: list[str], user: dict[str, object]) -> None:
    assert process(build(*flags))["user"] == user


def test_the_image_s_user_and_home(build: Build) -> None:
    built = build(image={"User": "user"})
    assert process(built)["user"]["uid"] == 1000
    assert environment(built)["HOME"] == "/home/user"
    assert environment(build("-e", "HOME=/mine"))["HOME"] == "/mine"
    assert environment(build("-u", "4321"))["HOME"] == "/"


@pytest.mark.parametrize(
    "user", ["nobody-there", "user:nobody-there", "²", "-1", "99999999999", "2147483648"]
)
def test_no_users(build: Build, user: str) -> None:
    with pytest.raises(UsageError, match="--user"):
        build(f"--user={user}")


def test_no_groups_where_there_is_one_id_only(build: Build) -> None:
    assert process(build("-u", "user", groups=False))["user"] == {"uid": 1000, "gid": 1000}
    with pytest.raises(UsageError, match="--group-add"):
        build("--group-add=more", groups=False)


def test_accounts_behind_links_of_the_image_are_not_the_host_s(build: Build, tmp_path: Path) -> None:
    (tmp_path / "rootfs/etc/passwd").unlink()
    (tmp_path / "rootfs/etc/passwd").symlink_to("/etc/passwd")
    with pytest.raises((UsageError, OSError)):
        build("-u", "daemon")
    (tmp_path / "rootfs/etc/passwd").unlink()
    (tmp_path / "rootfs/etc/passwd").symlink_to("/lib/../../../inside")
    (tmp_path / "rootfs/inside").write_text("inner:x:5:6::/:\n")
    (tmp_path / "rootfs/lib").mkdir()
    assert process(build("-u", "inner"))["user"]["uid"] == 5


def test_init(build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "catatonit"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr("tiffin.cli.run.config.init.FOLDERS", str(tmp_path))
    built = build("--init")
    assert process(built)["args"] == ["/dev/init", "--", "/bin/sh"]
    assert built.config["mounts"][-1]["source"] == str(program)
    program.unlink()
    with pytest.raises(UsageError, match="apt install catatonit"):
        build("--init")
