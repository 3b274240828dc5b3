"""login and logout, against a registry with a password; skopeo reads what is kept, and the reverse."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from packages.image.tests.command.conftest import SECONDS, Program

from tiffin.image.command.verbs.login_ import login
from tiffin.image.registry import login as logins
from tiffin.image.registry.credentials import Credential
from tiffin.image.registry.settings import RegistrySettings
from tiffin_testing.registry import PASSWORD, USER, Registry

pytestmark = pytest.mark.requires("docker-registry")


@pytest.fixture
def words(guarded: Registry, trusted: Path) -> list[str]:
    """A registry, and how to trust it."""
    return ["--cert-dir", str(trusted), guarded.address]


def auths(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text())["auths"]
    assert isinstance(found, dict)
    return found


def test_in_and_out_again(
    program: Program, guarded: Registry, words: list[str], original: str, trusted: Path
) -> None:
    there = f"docker://{guarded.address}/login/app"
    push = ["copy", "--dest-cert-dir", str(trusted), original, there]
    assert program.fails(*push)[0] == 4
    assert "Login Succeeded!" in program(
        "login", "-u", USER, "--password-stdin", *words, given=f"{PASSWORD}\n"
    )
    kept = program.folder / "run/containers/auth.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(auths(kept)) == [guarded.address]
    assert program("login", "--get-login", guarded.address) == f"{USER}\n"
    program(*push)
    assert str(kept) in program("logout", guarded.address)
    assert program.fails(*push)[0] == 4
    assert program.fails("logout", guarded.address)[0] == 2
    assert program.fails("login", "--get-login", guarded.address)[0] == 2


def test_what_the_registry_refuses_is_not_kept(program: Program, words: list[str]) -> None:
    code, text = program.fails("login", "-u", USER, "-p", "guess", *words)
    assert code == 4
    assert "guess" not in text
    assert not (program.folder / "run/containers/auth.json").exists()


def test_nobody_is_asked_without_a_terminal(program: Program, words: list[str]) -> None:
    assert program.fails("login", *words)[0] == 64
    assert program.fails("login", "-u", USER, *words)[0] == 64
    assert program.fails("login", "-u", USER, "--password-stdin", *words)[0] == 64


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_of_many_lines(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `docker login -u _json_key --password-stdin <key.json` has it."""
    key = '{\n  "private_key": "x"\n}'
    taken = []

    def kept(_host: str, credential: Credential, _settings: RegistrySettings, *, file: str) -> str:
        taken.append(credential.password)
        return file

    monkeypatch.setattr(logins, "login", kept)
    words = ["-u", "_json_key", "--password-stdin", "registry.test"]
    done = CliRunner().invoke(login, words, input=key + end)
    assert (done.exit_code, taken) == (0, [key])


@pytest.mark.parametrize("text", ["a/b", "https://a.example/team", ""])
def test_what_is_no_registry(program: Program, text: str) -> None:
    assert program.fails("login", "-u", USER, "-p", PASSWORD, text)[0] == 64


@pytest.mark.requires("skopeo")
def test_skopeo_has_the_same_file(
    program: Program, guarded: Registry, words: list[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "auth.json")
    program("login", "--authfile", file, "-u", USER, "-p", PASSWORD, *words)

    def skopeo(*more: str) -> str:
        command = ["skopeo", *more, "--authfile", file, guarded.address]
        environment = {**os.environ, **program.environment}
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=SECONDS, env=environment
        ).stdout

    assert skopeo("login", "--get-login").strip() == USER
    skopeo("logout")
    assert program.fails("login", "--authfile", file, "--get-login", guarded.address)[0] == 2
    skopeo("login", "--tls-verify=false", "-u", USER, "-p", PASSWORD)
    assert program("login", "--authfile", file, "--get-login", guarded.address) == f"{USER}\n"


def test_a_helper_keeps_it(program: Program, guarded: Registry, words: list[str], tmp_path: Path) -> None:
    """A small program that speaks the protocol of docker-credential-helpers, with a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    helper = folder / "docker-credential-test"
    helper.write_text(
        '#!/bin/sh\ncase $1 in store) cat > "$0.kept";; get) test -e "$0.kept" && cat "$0.kept" || '
        '{ echo credentials not found in native keychain; exit 1; };; erase) rm "$0.kept";; esac\n'
    )
    helper.chmod(0o755)
    program.environment["PATH"] = f"{folder}:{program.environment['PATH']}"
    file = program.folder / "run/containers/auth.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"credHelpers": {guarded.address: "test"}}))
    assert "docker-credential-test" in program("login", "-u", USER, "-p", PASSWORD, *words)
    assert PASSWORD not in file.read_text()
    assert program("login", "--get-login", guarded.address) == f"{USER}\n"
    program("logout", guarded.address)
    assert not (folder / "docker-credential-test.kept").exists()
