"""RUN: every kind of mount, networks, users, scripts; secrets that stay out of the image; what is left of a kill."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.failure import StepFailed
from tiffin.image.building.options import Secret

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]


def added(building: Building, line: str, **options: object) -> dict[str, bytes]:
    """What a RUN after FROM base adds: paths, and contents of files."""
    tree = building.added(building.build(f"FROM base\n{line}", **options))
    return {path: content for path, facts in tree.items() if isinstance(content := facts[4], bytes)}


def test_what_is_mounted_for_a_command_leaves_no_trace(building: Building) -> None:
    line = "RUN --mount=type=tmpfs,target=/a/b --mount=type=bind,target=/c/f,source=f cat /c/f >/etc/made"
    building.write(f="x")
    tree = building.added(building.build(f"FROM base\n{line}"))
    assert set(tree) == {"etc", "etc/made"} or set(tree) == {"etc/made"}
    assert tree["etc/made"][4] == b"x"


def test_a_mount_point_that_is_used_otherwise_stays(building: Building) -> None:
    line = "RUN --mount=type=tmpfs,target=/a/b touch /a/b/gone /a/stays"
    assert added(building, line) == {"a/stays": b""}


def test_files_that_tell_the_network_are_there(building: Building) -> None:
    building.build("FROM base\nRUN cat /etc/hosts && test -e /etc/resolv.conf", hosts=("1.2.3.4 there",))
    assert {"127.0.0.1 localhost build", "1.2.3.4 there"} <= set(building.output)


def test_bind_mounts(building: Building) -> None:
    building.write(d__f="one", d__g="two", _dockerignore="d/g")
    building.context.joinpath(".dockerignore").write_text("d/g")
    text = """
FROM base AS other
RUN echo made >/made
FROM base
RUN --mount=target=/m,source=d ls /m; if echo x >/m/f; then exit 1; fi
RUN --mount=target=/m,rw rm /m/d/f && echo thrown >/m/away
RUN --mount=target=/m,from=other,source=/made cat /m
RUN --mount=target=/m,from=extra,rw echo y >/m/z && ls /m
"""
    extra = building.folder / "extra"
    extra.mkdir()
    (extra / "e").touch()
    built = building.build(text, contexts={"extra": str(extra)})
    assert set(building.output) == {
        "f",
        "made",
        "e",
        "z",
        "/bin/sh: can't create /m/f: Read-only file system",
    }
    assert building.added(built) == {}
    assert (building.context / "d/f").read_text() == "one"
    assert os.listdir(extra) == ["e"]


def test_what_is_mounted_in_the_context_cannot_be_written_to_either(building: Building) -> None:
    below = building.context / "d/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", below], check=True)
    try:
        (below / "f").write_text("kept\n")
        with pytest.raises(StepFailed, match="exit code"):
            building.build("FROM base\nRUN --mount=target=/m,source=d cat /m/below/f && echo x >/m/below/f")
        assert building.output[0] == "kept"
        assert (below / "f").read_text() == "kept\n"
    finally:
        subprocess.run(["umount", below], check=True)


@pytest.mark.parametrize(("size", "count"), [("1048576", 1), ("2m", 2), ("1GB", 1024), ("3MiB", 3)])
def test_sizes_of_tmpfs(building: Building, size: str, count: int) -> None:
    building.build(f"FROM base\nRUN --mount=type=tmpfs,target=/t,size={size} stat -f -c '%b %S' /t")
    blocks, length = map(int, building.output[0].split())
    assert blocks * length == count * 2**20


def test_mounts_in_mounts(building: Building) -> None:
    """Whatever the order in the Dockerfile, and whatever the ids of cache folders."""
    building.write(f="x")
    mounts = (
        "--mount=type=bind,target=/m/c/f,source=f --mount=type=cache,target=/m/c,id=a"
        " --mount=type=secret,id=s,target=/m/s --mount=type=tmpfs,target=/m"
    )
    (building.folder / "s").write_text("secret")
    secrets = {"s": Secret(path=str(building.folder / "s"))}
    building.build(f"FROM base\nRUN {mounts} cat /m/c/f /m/s && ls /m", secrets=secrets)
    assert building.output == ["xsecretc", "s"]


@pytest.mark.parametrize("sharing", ["locked", "private", "shared"])
def test_a_cache_folder_may_be_mounted_twice(building: Building, sharing: str) -> None:
    mounts = f"--mount=type=cache,target=/c,id=i --mount=type=cache,target=/d,id=i,sharing={sharing}"
    building.build(f"FROM base\nRUN {mounts} touch /c/f && ls /d")
    assert building.output == ["f"]


def test_a_cache_folder_that_cannot_be_filled_leaves_nothing(building: Building) -> None:
    text = "FROM base\nRUN --mount=type=cache,target=/c,from=base,source={} true"
    with pytest.raises(StepFailed, match="must be a directory"):
        building.build(text.format("/etc/passwd"))
    (folder,) = (Path(building.store.root) / "build/folders").iterdir()
    assert not list(folder.glob("new-*"))
    (folder / "new-of-a-killed-build").mkdir()
    building.build(text.format("/etc"))
    assert sorted(path.name for path in folder.iterdir()) == ["data", "filling", "lock"]


def test_a_parent_of_a_mount_point_may_be_moved_away(building: Building) -> None:
    line = "RUN --mount=type=tmpfs,target=/a/b mv /a /moved && touch /a"
    assert added(building, line) == {"a": b""}


def test_what_a_bind_mount_shows_counts_for_the_cache(building: Building) -> None:
    text = "FROM base\nRUN --mount=target=/m,source=d cat /m/f"
    building.write(d__f="one", other="x")
    building.build(text)
    building.write(other="y")
    building.build(text)
    assert building.cached == [True]
    building.write(d__f="two")
    building.build(text)
    assert building.output == ["two"]


def test_cache_folders_stay_from_build_to_build(building: Building) -> None:
    line = "RUN --mount=type=cache,target=/c,id=i,mode=0750,uid=7 echo {} >>/c/f; cat /c/f; stat -c %a:%u /c"
    assert added(building, line.format("a")) == {}
    building.build("FROM base\n" + line.format("b"))
    assert building.output == ["a", "b", "750:7"]
    building.build("FROM base\nRUN --mount=type=cache,target=/c ls /c")
    assert building.output == []


def test_a_cache_folder_starts_with_what_it_is_told(building: Building) -> None:
    building.write(seed__f="s")
    line = "RUN --mount=type=cache,target=/c,from=seed,source=/seed cat /c/f"
    text = f"FROM base AS seed\nCOPY seed /seed\nFROM base\n{line}"
    building.build(text)
    assert building.output == ["s"]


def test_secrets_are_seen_and_never_kept(building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from-a-variable")
    (building.folder / "secret").write_bytes(b"from-a-file\xff")
    secrets = {"one": Secret(path=str(building.folder / "secret")), "two": Secret(variable="TOKEN")}
    line = (
        "RUN --mount=type=secret,id=one,uid=5,mode=0440 --mount=type=secret,id=two,env=T --mount=type=secret,id=none"
        " stat -c %a:%u /run/secrets/one && wc -c </run/secrets/one && echo -n $T | wc -c && ls /run/secrets"
    )
    built = building.build(f"FROM base\n{line}", secrets=secrets)
    assert building.output == ["440:5", "12", "15", "one"]
    assert building.added(built) == {}
    found = [
        path for path in Path(building.store.root).rglob("*") if path.is_file() and not path.is_symlink()
    ]
    assert found
    for path in found:
        assert not re.search(rb"from-a-(variable|file\xff)", path.read_bytes()), path


def test_a_secret_does_not_count_for_the_cache_and_may_be_required(building: Building) -> None:
    text = "FROM base\nRUN --mount=type=secret,id=s,target=/s,required cat /s"
    with pytest.raises(StepFailed, match="Dockerfile:2: the secret 's' is required"):
        building.build(text)
    for content in ("a", "b"):
        (building.folder / "s").write_text(content)
        building.build(text, secrets={"s": Secret(path=str(building.folder / "s"))})
    assert building.cached == [True]


def test_an_agent_is_reached(building: Building) -> None:
    path = str(building.folder / "agent")
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(path)
        agent.listen()
        mode = os.stat(path).st_mode
        lines = (
            "RUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK",
            "RUN --mount=type=ssh if chmod 0777 $SSH_AUTH_SOCK 2>/dev/null; then exit 1; fi",
        )
        built = building.build("\n".join(("FROM base", *lines)), ssh={"default": path})
        assert os.stat(path).st_mode == mode
    assert building.output == ["/run/buildkit/ssh_agent.0"]
    assert building.added(built) == {}


def test_an_agent_may_belong_to_the_user_of_the_stage(building: Building) -> None:
    path = str(building.folder / "agent")
    text = """
FROM base
RUN --mount=type=ssh,uid=1000,gid=2000,mode=0660 stat -c %a:%u:%g $SSH_AUTH_SOCK
USER 1000:1000
RUN --mount=type=ssh,uid=1000 test -w $SSH_AUTH_SOCK
RUN --mount=type=ssh,uid=1001 if test -w $SSH_AUTH_SOCK; then exit 1; fi
"""
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(path)
        agent.listen()
        mode = os.stat(path).st_mode
        built = building.build(text, ssh={"default": path})
        assert os.stat(path).st_mode == mode
    assert building.output == ["660:1000:2000"]
    assert building.added(built) == {}


ASKING = """
import os, socket, sys
from tiffin.image.building.execute.run.agent_relay import relay
from tiffin.image.building.execute.run.request import AgentMount
relay(AgentMount("", sys.argv[1], 0o600, 1000, 0), sys.argv[2])
os.chdir(os.path.dirname(sys.argv[2]))
os.setuid(1000)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("mine")
    connection.sendall(b"a question")
    connection.shutdown(socket.SHUT_WR)
    print(connection.recv(100).decode())
"""


def test_what_is_said_to_an_agent_arrives(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    paths = [str(tmp_path / "agent"), str(tmp_path / "mine")]
    # in a pid namespace, as a RUN is: with its init all goes
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", ASKING, *paths]
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(paths[0])
        agent.listen()
        os.chmod(paths[0], 0o600)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            connection, _ = agent.accept()
            with connection:
                question = b"".join(iter(lambda: connection.recv(100), b""))
                connection.sendall(b"you have " + question)
            assert asking.communicate(timeout=20)[0] == "you have a question\n"


def test_networks(building: Building) -> None:
    building.build("FROM base\nRUN ls /sys/class/net\nRUN --network=host ls /sys/class/net")
    assert building.output == sorted(os.listdir("/sys/class/net")) * 2
    building.build("FROM base\nRUN --network=none ls /sys/class/net && ip -o addr show lo | head -n1")
    assert building.output[0] == "lo"
    assert "127.0.0.1" in building.output[1]


def test_scripts_say_themselves_what_runs_them(building: Building) -> None:
    lines = "RUN <<E\n#!/bin/cat\nsecond\nE\nRUN <<E\nx=1\necho $x >/x\nE\nRUN cat <<A - >/a\na\nA"
    assert added(building, lines) == {"x": b"1\n", "a": b"a\n"}
    assert "second" in building.output


def test_what_a_command_may_not(building: Building) -> None:
    text = "FROM base\nRUN --security=insecure true"
    with pytest.raises(StepFailed, match="insecure"):
        building.build(text)
    building.build("FROM base\nRUN --security=insecure mount -t tmpfs none /tmp", insecure=True)
    with pytest.raises(StepFailed, match="exit code"):
        building.build("FROM base\nRUN mount -t tmpfs none /tmp")


PROBLEMS = [
    ("RUN exit 3", "ended with the exit code 3"),
    ('RUN ["/no/such"]', "/no/such"),
    ("USER nobody-knows\nRUN true", "nobody-knows"),
    ("ARG M=9\nRUN --mount=type=secret,id=s,mode=$M true", "mode must be octal, up to 7777; it is '9'"),
    ("RUN --mount=type=tmpfs,target=/t,size=much true", "size must be a number of bytes"),
    ("RUN --mount=type=cache,target=/c,uid=9999999999 true", "uid must be a number, up to 4294967294"),
    ("RUN --mount=target=/m,source=none true", "has no 'none'"),
    ("RUN --mount=target=/m,from=no.such.domain.invalid/x true", "no.such.domain.invalid/x"),
]


@pytest.mark.parametrize(("lines", "part"), PROBLEMS, ids=[row[0] for row in PROBLEMS])
def test_problems_name_the_line(building: Building, lines: str, part: str) -> None:
    with pytest.raises(StepFailed, match=re.escape(part)) as caught:
        building.build(f"FROM base\n{lines}", pull="never", secrets={"s": Secret(variable="HOME")})
    assert caught.value.line == len(lines.split("\n")) + 1
