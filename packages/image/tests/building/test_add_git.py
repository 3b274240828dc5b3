"""ADD of git repositories, from git's own server. No peer of Debian's is new enough to fetch them by ADD."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building, Tree
from packages.image.tests.building.git_server import WHEN, Repository, served

from tiffin.image.building.dockerfile.error import DockerfileError, Problem
from tiffin.image.building.failure import StepFailed
from tiffin.image.building.stages.git_address import GitAddress, git_address

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]
FIRST = {"a": "1", "tools/run": "#!/bin/sh\n", "tools/deep/b": "2"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """It has a file, a program and a link; the branch `next`, and the tag `v1` of the first commit."""
    (tmp_path / "served").mkdir()
    made = Repository(tmp_path / "served/project")
    made.commit(FIRST)
    (made.path / "tools/run").chmod(0o755)
    (made.path / "link").symlink_to("../../etc")
    made.commit({})
    made.git("tag", "--annotate", "--message", "the first", "v1")
    made.git("checkout", "--quiet", "-b", "next")
    made.commit({"a": "next"})
    made.git("checkout", "--quiet", "main")
    made.commit({"a": "main"})
    return made


@pytest.fixture
def server(repository: Repository) -> Iterator[str]:
    with served(repository.path.parent) as address:
        yield address


@pytest.fixture
def added(building: Building, server: str) -> Callable[..., Tree]:
    """What a line after FROM base adds; SERVER in it is the address."""

    def add(*lines: str) -> Tree:
        text = "\n".join(["FROM base", *lines]).replace("SERVER", server)
        return building.added(building.build(text))

    return add


def test_files_have_the_modes_and_the_time_of_the_commit(added: Callable[..., Tree]) -> None:
    tree = added("ADD SERVER/project /x/")
    assert set(tree) == {"x", "x/a", "x/link", "x/tools", "x/tools/run", "x/tools/deep", "x/tools/deep/b"}
    assert tree["x/a"][:3] == ("0o100644", 0, 0)
    assert tree["x/tools/run"][0] == "0o100755"
    assert tree["x/link"][4] == "../../etc"
    assert {tree[name][3] for name in ("x/a", "x/tools/run", "x/tools/deep/b")} == {WHEN * 10**9}


@pytest.mark.parametrize(
    ("fragment", "content"),
    [
        ("", "main"),
        ("#main", "main"),
        ("#next", "next"),
        ("#v1", "1"),
        ("#refs/tags/v1", "1"),
        ("#refs/heads/next", "next"),
    ],
)
def test_a_ref_names_the_commit(added: Callable[..., Tree], fragment: str, content: str) -> None:
    assert added(f"ADD SERVER/project{fragment} /x")["x/a"][4] == content.encode()


def test_a_commit_that_no_ref_names(added: Callable[..., Tree], repository: Repository) -> None:
    commit = repository.git("rev-parse", "main~2")
    assert "x/link" not in added(f"ADD SERVER/project#{commit} /x")


def test_a_folder_of_it(added: Callable[..., Tree]) -> None:
    assert set(added("ADD SERVER/project#v1:tools /x")) == {"x", "x/run", "x/deep", "x/deep/b"}
    assert set(added("ADD SERVER/project#:/tools/deep/../deep /x")) == {"x", "x/b"}


def test_owners_and_what_is_left_out(added: Callable[..., Tree]) -> None:
    tree = added("ADD --chown=7:8 --exclude=tools SERVER/project /x/")
    assert set(tree) == {"x", "x/a", "x/link"}
    assert tree["x/a"][1:3] == (7, 8)


def test_with_its_git_folder(building: Building, added: Callable[..., Tree]) -> None:
    assert "x/.git" not in added("ADD SERVER/project /x")
    config = added("ADD --keep-git-dir=true SERVER/project /x")["x/.git/config"][4]
    assert isinstance(config, bytes)
    assert b"[remote" in config


def test_submodules_are_there_and_lead_nowhere(
    added: Callable[..., Tree], repository: Repository, server: str
) -> None:
    inner = Repository(repository.path.parent / "inner")
    inner.commit({"i": "inner"})
    repository.git("submodule", "--quiet", "add", f"{server}/inner", "sub")
    repository.commit({})
    tree = added("ADD SERVER/project /x")
    assert tree["x/sub/i"][4] == b"inner"
    assert not [path for path in tree if path.endswith(".git")]


def test_the_cache_knows_the_commit(
    building: Building, added: Callable[..., Tree], repository: Repository
) -> None:
    added("ADD SERVER/project /x")
    added("ADD SERVER/project /x")
    assert building.cached == [True]
    repository.commit({"a": "newer"})
    assert added("ADD SERVER/project /x")["x/a"][4] == b"newer"
    assert building.cached == [False]


def test_what_is_cached_of_a_commit_needs_no_server(building: Building, repository: Repository) -> None:
    commit = repository.git("rev-parse", "v1^{commit}")
    with served(repository.path.parent) as address:
        text = f"FROM base\nADD {address}/project#{commit} /x"
        building.build(text)
    building.build(text)
    assert building.cached == [True]


def test_equal_commits_are_equal_layers(building: Building, server: str) -> None:
    """With the one time that is not the commit's: that of /x itself."""
    text = f"FROM base\nADD {server}/project#v1 /x"
    built = [building.build(text, use_cache=False, source_date_epoch=WHEN + 5) for _ in range(2)]
    assert built[0].tree["rootfs"] == built[1].tree["rootfs"]


def test_a_checksum_is_the_commit(added: Callable[..., Tree], repository: Repository) -> None:
    commit = repository.git("rev-parse", "main")
    assert added(f"ADD --checksum={commit} SERVER/project /x")["x/a"][4] == b"main"
    assert added(f"ADD --checksum={commit[:12]} SERVER/project /y")["y/a"][4] == b"main"
    for wrong in (commit[:6], "0" * 40):
        with pytest.raises(StepFailed, match=f"is at {commit}, not at {wrong}"):
            added(f"ADD --checksum={wrong} SERVER/project /x")


PROBLEMS = [
    ("ADD SERVER/project#none /x", "has no none"),
    (f"ADD SERVER/project#{'1' * 40} /x", f"{'1' * 40}: it has no such commit"),
    ("ADD SERVER/none /x", "cannot be fetched"),
    ("ADD git://127.0.0.1:1/x /x", "cannot be fetched"),
    ("ADD https://127.0.0.1:1/x.git /x", "cannot be fetched"),
    ("ADD SERVER/project#:none /x", "has no folder 'none'"),
    ("ADD SERVER/project#:a /x", "has no folder 'a'"),
    ("ADD SERVER/project#:link /x", "has no folder 'link'"),
]


@pytest.mark.parametrize(("line", "part"), PROBLEMS, ids=[row[0] for row in PROBLEMS])
def test_problems_name_the_line(added: Callable[..., Tree], line: str, part: str) -> None:
    with pytest.raises(StepFailed, match=re.escape(part)) as caught:
        added(line)
    assert caught.value.line == 2


@pytest.mark.parametrize("url", ["ext::sh -c touch% FOLDER/was-here", "file:///etc", "/etc"])
def test_a_submodule_of_another_kind_is_refused(
    added: Callable[..., Tree], repository: Repository, tmp_path: Path, url: str
) -> None:
    """A repository chooses the address of its submodules: none that runs a program, or reads what is here."""
    address = url.replace("FOLDER", str(tmp_path))
    (repository.path / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = s\n\turl = "{address}"\n')
    commit = repository.git("rev-parse", "HEAD")
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    repository.git("commit", "--quiet", "--message", "hostile")
    with pytest.raises(StepFailed, match="cannot be fetched"):
        added("ADD SERVER/project /x")
    assert not (tmp_path / "was-here").exists()


def test_settings_of_the_user_do_not_count(
    added: Callable[..., Tree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text('[url "git://127.0.0.1:1/"]\n\tinsteadOf = git://\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert added("ADD SERVER/project /x")["x/a"][4] == b"main"


def test_nothing_is_left_of_what_was_fetched(building: Building, added: Callable[..., Tree]) -> None:
    added("ADD SERVER/project /x")
    with pytest.raises(StepFailed, match="has no folder 'none'"):
        added("ADD SERVER/project#:none /x")
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}


def test_without_git_the_error_says_what_to_install(
    added: Callable[..., Tree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StepFailed, match="needs the program git"):
        added("ADD SERVER/project /x")


ADDRESSES = [
    ("https://h/p.git", GitAddress("https://h/p.git")),
    ("https://h/p.git#r", GitAddress("https://h/p.git", "r")),
    ("https://h/p.git#r:f/g", GitAddress("https://h/p.git", "r", "f/g")),
    ("https://h/p.git#:../f", GitAddress("https://h/p.git", "", "f")),
    ("git@h:o/p.git#r", GitAddress("git@h:o/p.git", "r")),
    ("git@h:o/p", GitAddress("git@h:o/p")),
    ("ssh://git@h/p", GitAddress("ssh://git@h/p")),
    ("https://h/p", None),
    ("https://h/p.git/x", None),
    ("a@b", None),
    ("dir/p.git", None),
]


@pytest.mark.parametrize(("source", "expected"), ADDRESSES, ids=[row[0] for row in ADDRESSES])
def test_what_is_a_repository(source: str, expected: GitAddress | None) -> None:
    assert git_address(source) == expected


@pytest.mark.parametrize(
    "source", ["https://h/p.git?ref=x", "https://h/p.git#--upload-pack=x", "git@h:p#a..b", "git@h:p#a b"]
)
def test_addresses_that_are_refused(source: str) -> None:
    with pytest.raises(Problem, match="ADD"):
        git_address(source)


def test_copy_fetches_nothing(building: Building) -> None:
    with pytest.raises(DockerfileError, match="COPY copies files only"):
        building.build("FROM base\nCOPY git@h:o/p.git /x")
