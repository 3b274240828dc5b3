"""Whatever is wrong in a file is told with its line, all of it at once, and nothing starts on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffin.manager.config.loading import load
from tiffin.manager.config.problem import InvalidConfig

HEAD = 'version = 3\nroot = "/r"\nstate = "/s"\n'  # three lines
SCHEDULER = '[plugins."io.containerd.gc.v1.scheduler"]\n'
DELAY = 'plugins."io.containerd.gc.v1.scheduler".startup_delay'
HANDLERS = 'plugins."io.containerd.cri.v1.runtime".containerd'
PLUGINS = "io.containerd.gc.v1.scheduler, io.containerd.metadata.v1.bolt, io.containerd.cri.v1.runtime"
RUNTIMES = '[plugins."io.containerd.cri.v1.runtime".containerd'


def refused(folder: Path, text: str | bytes) -> list[str]:
    """The problems, without the file's name."""
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidConfig) as caught:
        load(str(path))
    assert str(caught.value) == "\n".join(caught.value.lines)
    return [line.removeprefix(str(path)) for line in caught.value.lines]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[grpc]\nadress = '/x'\n", ":5: grpc.adress is unknown; is 'address' meant?"),
        ("[grp]\naddress = '/x'\n", ":4: grp is unknown; is 'grpc' meant?"),
        ("grpc = 5\n", ":4: grpc is 5, must be a table"),
        ("[grpc]\nuid = 'root'\n", ":5: grpc.uid is 'root', must be a whole number"),
        ("[grpc]\nuid = true\n", ":5: grpc.uid is true, must be a whole number"),
        ("[grpc]\nuid = 1.5\n", ":5: grpc.uid is 1.5, must be a whole number"),
        ("[grpc]\nuid = -1\n", ":5: grpc.uid is -1, must be from 0 to 4294967294"),
        ("[debug]\ngid = 4294967295\n", ":5: debug.gid is 4294967295, must be from 0 to 4294967294"),
        (
            "[grpc]\nmax_send_message_size = 2147483648\n",
            ":5: grpc.max_send_message_size is 2147483648, must be from 1 to 2147483647",
        ),
        (
            "[grpc]\naddress = 'unix:///run/x'\n",
            ":5: grpc.address is 'unix:///run/x', must be the path alone, without unix://",
        ),
        ("[grpc]\naddress = ''\n", ":5: grpc.address is empty: clients need a socket"),
        ("[grpc]\naddress = 'run/x'\n", ":5: grpc.address is 'run/x', must be an absolute path"),
        (
            f"[grpc]\naddress = '/{'x' * 107}'\n",
            ":5: grpc.address has 108 bytes, and the path of a unix socket can have at most 107",
        ),
        ("[grpc]\nmax_recv_message_size = '16M'\n", ":5: grpc.max_recv_message_size is '16M', must be a whole number"),
        (
            "[grpc]\ntcp_address = 'localhost'\n",
            ":5: grpc.tcp_address is 'localhost', must be an address and a port, for example \"127.0.0.1:1338\"",
        ),
        (
            "[metrics]\naddress = '127.0.0.1:99999'\n",
            ":5: metrics.address is '127.0.0.1:99999', must be an address and a port, for example \"127.0.0.1:1338\"",
        ),
        ("[metrics]\ngrpc_histogram = 'yes'\n", ":5: metrics.grpc_histogram is 'yes', must be true or false"),
        ("imports = '/x'\n", ":4: imports is '/x', must be a list of strings"),
        ("imports = [1]\n", ":4: imports has 1, must have strings only"),
        (
            "disabled_plugins = ['cri']\n",
            ":4: disabled_plugins has 'cri': a plugin is named in full, for example \"io.containerd.gc.v1.scheduler\"",
        ),
        ("oom_score = 1001\n", ":4: oom_score is 1001, must be from -1000 to 1000"),
        (
            f"{SCHEDULER}pause_threshold = 0.6\n",
            ':5: plugins."io.containerd.gc.v1.scheduler".pause_threshold is 0.6, must be from 0 to 0.5',
        ),
        (
            f"{SCHEDULER}pause_threshold = nan\n",
            ':5: plugins."io.containerd.gc.v1.scheduler".pause_threshold is nan, must be from 0 to 0.5',
        ),
        (
            f"{SCHEDULER}startup_delay = 5\n",
            ':5: plugins."io.containerd.gc.v1.scheduler".startup_delay is 5, must be a duration, for example "100ms"',
        ),
        (
            f"{SCHEDULER}startup_delay = '5'\n",
            f":5: {DELAY} is no duration: '5' is no duration: write for example \"100ms\", \"2s\" or \"1h30m\"",
        ),
        (
            "[plugins.cri]\n",
            f":4: plugins.cri is unknown; known here: {PLUGINS}",
        ),
        (
            "[timeouts]\n'io.containerd.timeout.task.state' = '2s'\n",
            ":4: timeouts is a setting of containerd's: time-outs of shims are fixed",
        ),
        (
            f"{RUNTIMES}.runtimes.x]\nruntime_typ = 'y'\nruntime_type = 'y'\n",
            f":5: {HANDLERS}.runtimes.x.runtime_typ is unknown; is 'runtime_type' meant?",
        ),
        (
            f"{RUNTIMES}.runtimes.x]\nsnapshotter = 'native'\n",
            f':4: {HANDLERS}.runtimes.x needs runtime_type, for example "io.containerd.runc.v2"',
        ),
        (
            f"{RUNTIMES}]\ndefault_runtime_name = 'kata'\n",
            f":5: {HANDLERS}.default_runtime_name is 'kata', which no handler is called; there are: tiffin, runc",
        ),
        ("[proxy_plugins.p]\naddress = '/x'\n", ':4: proxy_plugins.p needs type = "snapshot" or "content"'),
        ("[proxy_plugins.p]\ntype = 'snapshot'\n", ":4: proxy_plugins.p needs an address"),
        (
            "[proxy_plugins.p]\ntype = 'diff'\naddress = '/x'\n",
            ":5: proxy_plugins.p.type is 'diff', must be one of 'snapshot', 'content'",
        ),
        (
            "[proxy_plugins.p]\ntype = 'content'\naddress = 'unix:///x'\nplatform = 'amd64'\n",
            ":7: proxy_plugins.p.platform is 'amd64', must be a platform, for example \"linux/amd64\"",
        ),
        (
            "[proxy_plugins.p]\ntype = 'content'\naddress = '/x'\nexports = {root = 5}\n",
            ":7: proxy_plugins.p.exports has 5, must have strings only",
        ),
    ],
)  # fmt: skip
def test_one_problem(tmp_path: Path, text: str, problem: str) -> None:
    assert refused(tmp_path, HEAD + text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("root = '/r'\n", ": version is missing: write version = 3 at the top"),
        ("version = 2\n", ":1: version is 2, must be 3: `tiffind config migrate` rewrites files of containerd"),
        ("version = 4\n", ":1: version is 4, must be 3: `tiffind config migrate` rewrites files of containerd"),
        ("version = '3'\n", ":1: version is '3', must be a whole number"),
        ("version = 3\nroot = '/r'\nroot = '/s'\n", ": Cannot overwrite a value (at line 3, column 12)"),
        ("version = 3\n[grpc\n", ": Expected ']' at the end of a table declaration (at line 2, column 6)"),
        ("version = 3\nroot = /r\n", ": Invalid value (at line 2, column 8)"),
        (b"version = 3\nroot = '\xff'\n", ": is not UTF-8: byte 20 is 0xff"),
        ("x = " + "[" * 10000, ": tables or lists are nested too deeply"),
        ("version = 3\nroot = '/x'\nstate = '/x'\n",
         ":3: state is the same folder as root: what is there may be removed at any time"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_ours(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert problem in refused(tmp_path, text)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = "[grpc]\nadress = '/x'\nuid = 'a'\n[metrics]\naddress = 5\n"
    assert len(refused(tmp_path, HEAD + text)) == 3


def test_tcp_without_tls(tmp_path: Path) -> None:
    found = refused(tmp_path, HEAD + "[grpc]\ntcp_address = '127.0.0.1:1'\ntcp_tls_ca = '/ca'\n")
    need = ": TCP is served with TLS and client certificates only"
    assert found == [f":5: grpc.tcp_address needs tcp_tls_{each} too{need}" for each in ("cert", "key")]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"missing.toml: cannot be read: No such file or directory"):
        load(str(tmp_path / "missing.toml"))
    with pytest.raises(InvalidConfig, match="Is a directory"):
        load(str(tmp_path))


def test_settings_of_containerd_that_mean_nothing_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    handler = "runtime_type = 'io.containerd.runc.v2'\nsandboxer = 'podsandbox'\ncgroup_writable = false\n"
    path.write_text(f"{HEAD}temp = ''\n[stream_processors]\n{RUNTIMES}.runtimes.nvidia]\n{handler}")
    found = load(str(path))
    assert found.plugins.runtime.containerd.runtimes["nvidia"].runtime_type == "io.containerd.runc.v2"
