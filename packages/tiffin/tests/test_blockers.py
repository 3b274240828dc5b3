"""Why there is no user namespace on a host: the text names what is in the way, and the remedy."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from errno import ENOSPC, EPERM

import pytest
from packages.tiffin.tests.conftest import Tiffin

from tiffin.image.errors import FailedPrecondition
from tiffin.image.store import rootless

APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
DEBIAN = "/proc/sys/kernel/unprivileged_userns_clone"
LIMIT = "/proc/sys/user/max_user_namespaces"
Refuse = Callable[..., str]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """`refuse(EPERM, {path: content}, uid=1000)`: what is said where unshare(2) fails so, and the files say that."""

    def call(number: int, files: dict[str, str], *, uid: int = 1000) -> str:
        def fail(_flags: int) -> None:
            raise OSError(number, "refused")

        monkeypatch.setattr("tiffin.image.kernel.unshare", fail)
        monkeypatch.setattr(rootless, "_lines", lambda path: files.get(path, "").splitlines())
        monkeypatch.setattr("os.geteuid", lambda: uid)
        with pytest.raises(FailedPrecondition) as caught:
            rootless.enter_user_namespace()
        return str(caught.value)

    return call


@pytest.mark.parametrize(
    ("files", "remedy"),
    [
        ({APPARMOR: "1\n"}, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ({APPARMOR: "0\n", DEBIAN: "0\n"}, "sysctl -w kernel.unprivileged_userns_clone=1"),
        ({DEBIAN: "1\n", LIMIT: "0\n"}, "sysctl -w user.max_user_namespaces=10000"),
        ({}, "run as root, or see what `tiffin doctor` says"),
    ],
)
def test_each_switch_of_a_host(refuse: Refuse, files: dict[str, str], remedy: str) -> None:
    for number in (EPERM, ENOSPC):
        text = refuse(number, files)
        assert "user namespaces (refused)" in text
        assert remedy in text


def test_a_root_that_is_none(refuse: Refuse) -> None:
    assert "this root lacks CAP_SYS_ADMIN" in refuse(EPERM, {}, uid=0)


@pytest.mark.requires("root", "busybox", "userns")
def test_a_root_without_the_capability_uses_a_user_namespace(tiffin: Tiffin) -> None:
    words = tiffin.run_words("--rm", tiffin.image, "sh", "-c", "id -u; readlink /proc/self/ns/user")
    lesser = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *words]
    done = subprocess.run(
        lesser, capture_output=True, text=True, env=tiffin.environment, timeout=60, check=False
    )
    assert done.returncode == 0, done
    user, namespace = done.stdout.splitlines()
    assert user == "0"
    assert namespace != tiffin.shell("readlink /proc/self/ns/user")[0]
