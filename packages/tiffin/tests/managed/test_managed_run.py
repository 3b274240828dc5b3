"""`tiffin --address SOCKET run`: containers of a manager, in the foreground and in the background."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS
from packages.tiffin.tests.managed.conftest import IMAGE, NAME, Managed
from packages.tiffin.tests.terminal import COLUMNS, INTERRUPTED, ROWS, interrupt, session

from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.manager.client.client import Client

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "containerd", "cgroup_writable")


def test_streams_and_exit_code(managed: Managed) -> None:
    done = managed.run("--rm", "-i", IMAGE, "sh", "-c", "cat; echo wrong >&2; exit 7", stdin="some\n")
    assert (done.code, done.out, done.err) == (7, "some\n", "wrong\n")
    assert managed.states() == {}


def test_much_output_arrives_whole(managed: Managed) -> None:
    done = managed.run("--rm", IMAGE, "sh", "-c", "seq 1 60000")
    assert done.lines == [str(number) for number in range(1, 60001)]


@pytest.mark.parametrize(
    ("words", "code"),
    [(("no-such-program",), 127), (("/etc/passwd",), 126), (("sh", "-c", "kill -9 $$"), 137)],
)
def test_exit_codes_of_docker(managed: Managed, words: tuple[str, ...], code: int) -> None:
    init = [] if code != 137 else ["--pid=host"]  # the first process of a pid namespace cannot kill itself
    assert managed.run("--rm", *init, IMAGE, *words).code == code
    assert managed.states() == {}


def test_what_the_flags_say_is_so(managed: Managed) -> None:
    script = "id -u; pwd; echo $WHO; hostname; cat /etc/hostname; grep -c x /proc/self/mountinfo >/dev/null"
    flags = ("--user=user", "--workdir=/tmp", "-e", "WHO=me", "--hostname=named", "--memory=64m")
    done = managed.run("--rm", *flags, IMAGE, "sh", "-c", script)
    assert done.lines == ["1000", "/tmp", "me", "named", "named"]


def test_one_in_the_background_keeps_log_and_exit_code(managed: Managed) -> None:
    managed.start("behind", "echo said; echo aloud >&2; exit 3", "--label=a=b")
    assert managed.call("wait", "behind").lines == ["3"]
    assert managed.states() == {"behind": "exited (3)"}
    log = managed.call("logs", "behind")
    assert sorted((log.out + log.err).splitlines()) == ["aloud", "said"]
    tree = json.loads(managed.call("inspect", "behind").out)[0]
    assert (tree["image"], tree["labels"]["a"], tree["state"]["exit_code"]) == (NAME, "b", 3)
    assert managed.call("rm", "behind").lines == ["behind"]
    assert managed.states() == {}


def test_the_runtime_is_the_manager_s_own(managed: Managed) -> None:
    """tiffind needs no runc."""
    managed.start("own")
    runtime = json.loads(managed.call("inspect", "own").out)[0]["runtime"]
    assert (
        runtime == {"containerd": "io.containerd.runc.v2", "tiffind": "io.containerd.tiffin.v2"}[managed.kind]
    )


def test_a_log_is_followed_to_the_end_of_its_container(managed: Managed) -> None:
    managed.start("talker", "for i in 1 2 3; do echo $i; sleep 0.2; done; exit 2")
    assert managed.call("logs", "--follow", "talker").lines == ["1", "2", "3"]
    assert managed.call("logs", "--tail=1", "talker").lines == ["3"]
    assert managed.call("wait", "talker").lines == ["2"]


def test_a_log_of_plain_bytes_is_followed_to_its_last_one(managed: Managed) -> None:
    """runc's shim writes bytes; the last line may have no end, and a question is wanted before its answer."""
    managed.start("asker", "printf 'who? '; sleep 0.5; printf me", "--runtime=io.containerd.runc.v2")
    assert managed.call("logs", "--follow", "asker").out == "who? me"
    assert managed.call("logs", "asker").out == "who? me"


def test_a_name_is_given_once(managed: Managed) -> None:
    managed.start("one")
    again = managed.run("-d", "--name=one", IMAGE, "true")
    assert again.code == 125
    assert "`tiffin rm one`" in again.err
    assert managed.states() == {"one": "running"}


def test_rm_wants_it_to_have_ended_or_force(managed: Managed) -> None:
    managed.start("busy")
    refused = managed.call("rm", "busy")
    assert refused.code == 1
    assert "tiffin rm --force busy" in refused.err
    assert managed.call("rm", "--force", "busy").lines == ["busy"]


def test_an_image_that_is_not_there(managed: Managed) -> None:
    done = managed.run("--rm", "nonesuch", "true")
    assert done.code == 125
    assert "no image 'nonesuch'" in done.err
    assert "Traceback" not in done.err


def test_images(managed: Managed) -> None:
    rows = {row["name"]: row for row in json.loads(managed.call("images", "--json").out)}
    assert rows[NAME]["size"] > 1000
    managed.ctr("images", "tag", NAME, "docker.io/library/other:1")
    assert managed.call("rmi", "other:1").lines == ["other:1"]
    assert managed.call("rmi", "other:1").code == 1
    assert {row["name"] for row in json.loads(managed.call("images", "--json").out)} == set(rows)


def test_what_is_called_an_image_may_be_none(managed: Managed, tmp_path: Path) -> None:
    """`images` lists the others all the same."""
    blob = tmp_path / "blob"
    blob.write_text("no image")
    digest = f"sha256:{hashlib.sha256(blob.read_bytes()).hexdigest()}"
    words = ("--address", managed.address, "content", "ingest", "--expected-digest", digest, "blob")
    with blob.open("rb") as file:
        subprocess.run(["ctr", *words], stdin=file, check=True, timeout=SECONDS)

    async def named() -> None:
        async with Client.connect(managed.address) as client:
            target = Descriptor(media_type="text/plain", digest=digest, size=blob.stat().st_size)
            await client.images.put("wrong", target)

    asyncio.run(named())
    rows = {row["name"]: row["size"] for row in json.loads(managed.call("images", "--json").out)}
    assert rows["wrong"] is None
    assert rows[NAME] > 1000
    assert managed.run("wrong").code == 125
    assert managed.call("rmi", "wrong").lines == ["wrong"]


def test_a_shell_on_a_terminal(managed: Managed) -> None:
    with session(managed.environment, *managed.run_words("--rm", "-it", IMAGE, "sh")) as shell:
        shell.write("tty; stty size; echo $TERM-end\n")
        seen = shell.read_until("xterm-end")
        assert "/dev/pts/0" in seen or "/dev/console" in seen
        assert f"{ROWS} {COLUMNS}" in seen
        shell.write("exit 4\n")
        assert shell.process.wait(SECONDS) == 4


def test_nobody_reads_its_output_any_more(managed: Managed) -> None:
    """As `| head -1` does it: it ends, as docker's would, and does not stand still for ever."""
    words = managed.run_words("--rm", IMAGE, "yes")
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=managed.environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(2) == b"y\n"
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert managed.states() == {}


def test_signals_are_forwarded(managed: Managed) -> None:
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        managed.run_words("--rm", IMAGE, "sh", "-c", script),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=managed.environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.communicate(timeout=SECONDS)[0] == "caught\n"
        assert process.returncode == 5


def test_ctrl_c_where_nobody_reads_keys(managed: Managed) -> None:
    words = managed.run_words("--rm", "-t", IMAGE, "sh", "-c", INTERRUPTED)
    with session(managed.environment, *words) as shell:
        interrupt(shell)


@pytest.mark.parametrize("flags", [(), ("-d", "-i"), ("-d", "-t")])
def test_what_has_no_log_has_no_limits_of_it(managed: Managed, flags: tuple[str, ...]) -> None:
    done = managed.run(*flags, "--log-opt=max-size=1m", IMAGE, "true")
    assert done.code == 125
    assert "--log-opt: only a container in the background" in done.err
