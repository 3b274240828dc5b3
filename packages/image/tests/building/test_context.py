"""The context: what `.dockerignore` leaves out, what globs meet, that links stay inside, what changes a digest."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.image.building.context.contents import digest_of_sources
from tiffin.image.building.context.ignore import Ignored, patterns_of, read_ignored
from tiffin.image.building.context.patterns import compiled
from tiffin.image.building.context.sources import find_sources
from tiffin.image.building.context.tree import SourceTree
from tiffin.image.building.dockerfile.error import DockerfileError
from tiffin.image.errors import NotFound

FILES = (
    "a.txt",
    "b.md",
    "d/a.txt",
    "d/e/f.txt",
    "d/e/.hidden",
    "node/x/y/z.js",
    "node/keep/k.js",
    "src/m.go",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    return made


def kept(folder: Path, ignore: str) -> set[str]:
    with SourceTree(str(folder), patterns_of(ignore, ".dockerignore")) as tree:
        return {item.path for item in tree.walk("") if not item.is_directory}


IGNORES = [
    ("", set(FILES)),
    ("# all\n\n  *.txt  ", set(FILES) - {"a.txt"}),
    ("**/*.txt", {"b.md", "d/e/.hidden", "node/x/y/z.js", "node/keep/k.js", "src/m.go"}),
    ("/d/\nnode", {"a.txt", "b.md", "src/m.go"}),
    ("d/e/..", {"a.txt", "b.md", "node/x/y/z.js", "node/keep/k.js", "src/m.go"}),
    ("*\n!src", {"src/m.go"}),
    ("*\n!src/*.go\n!d/**/f*", {"src/m.go", "d/e/f.txt"}),
    ("node\n!node/keep", set(FILES) - {"node/x/y/z.js"}),
    ("!node/keep\nnode", set(FILES) - {"node/x/y/z.js", "node/keep/k.js"}),
    ("[a-b].*\n[^a-r]rc", {"d/a.txt", "d/e/f.txt", "d/e/.hidden", "node/x/y/z.js", "node/keep/k.js"}),
    ("?.md\n\\a.txt", set(FILES) - {"a.txt", "b.md"}),
    ("**/e", set(FILES) - {"d/e/f.txt", "d/e/.hidden"}),
    ("d/**", set(FILES) - {"d/a.txt", "d/e/f.txt", "d/e/.hidden"}),
    ("**", set()),
    ("**.js", set(FILES) - {"node/x/y/z.js", "node/keep/k.js"}),
    ("**.[j]s", set(FILES)),
    ("d**", set(FILES) - {"d/a.txt", "d/e/f.txt", "d/e/.hidden"}),
]


@pytest.mark.parametrize(("ignore", "expected"), IGNORES, ids=[row[0] for row in IGNORES])
def test_ignored_files(folder: Path, ignore: str, expected: set[str]) -> None:
    assert kept(folder, ignore) == expected


def test_a_directory_that_is_left_out_comes_only_for_what_is_in_it(folder: Path) -> None:
    with SourceTree(str(folder), patterns_of("node\nd\n!node/keep", "i")) as tree:
        assert [item.path for item in tree.walk("")] == [
            "a.txt",
            "b.md",
            "node",
            "node/keep",
            "node/keep/k.js",
            "src",
            "src/m.go",
        ]
        assert tree.find("node") is not None
        assert tree.find("d") is None
        assert tree.find("d/a.txt") is None


@pytest.mark.parametrize("text", ["!", "ok\n[a", "ok\nx\\", "ok\n[b-a]"])
def test_broken_patterns_name_the_line(text: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        patterns_of(text, ".dockerignore")
    assert caught.value.line == len(text.split("\n"))


def test_the_file_beside_the_dockerfile_comes_first(folder: Path) -> None:
    (folder / ".dockerignore").write_text("a.txt")
    (folder / "My.dockerignore").write_text("b.md")
    assert read_ignored(str(folder), str(folder / "Other")).judge("a.txt")[0]
    assert not read_ignored(str(folder), str(folder / "My")).judge("a.txt")[0]
    assert not read_ignored(str(folder / "src"))


def test_buildahs_name_for_it_comes_first(folder: Path) -> None:
    (folder / ".dockerignore").write_text("a.txt")
    (folder / ".containerignore").write_text("b.md")
    assert read_ignored(str(folder), str(folder / "Dockerfile")).judge("b.md")[0]
    assert not read_ignored(str(folder)).judge("a.txt")[0]
    (folder / "Dockerfile.dockerignore").write_text("src")
    assert read_ignored(str(folder), str(folder / "Dockerfile")).judge("src/m.go")[0]


def test_a_link_that_is_left_out_leads_nowhere(folder: Path) -> None:
    (folder / "l").symlink_to("a.txt")
    (folder / "src/d").symlink_to("../d")
    with SourceTree(str(folder), patterns_of("l\nsrc/d", "i")) as tree:
        assert tree.find("a.txt") is not None
        assert tree.find("l") is None
        assert tree.find("src/d/a.txt") is None
        with pytest.raises(NotFound, match="may leave it out"):
            find_sources(tree, "l")


GLOBS = [
    ("a.txt", ["a.txt"]),
    ("./d/../a.txt", ["a.txt"]),
    ("../../a.txt", ["a.txt"]),
    ("/", [""]),
    ("*.txt", ["a.txt"]),
    ("*/*.txt", ["d/a.txt"]),
    ("**/*.txt", ["d/a.txt"]),
    ("d/**/f.*", ["d/e/f.txt"]),
    ("**.txt", ["a.txt"]),
    ("a\\.t?t", ["a.txt"]),
    ("[a-b].[^m]*", ["a.txt"]),
    ("[ab].*", ["a.txt", "b.md"]),
    ("nothing*", []),
]


@pytest.mark.parametrize(("text", "expected"), GLOBS, ids=[row[0] for row in GLOBS])
def test_globs(folder: Path, text: str, expected: list[str]) -> None:
    with SourceTree(str(folder)) as tree:
        assert [source.path for source in find_sources(tree, text)] == expected


DEEP = [
    ("**/*.txt", ["a.txt", "d/a.txt", "d/e/f.txt"]),
    ("d/**/f.*", ["d/e/f.txt"]),
    ("*/**/k.js", ["node/keep/k.js"]),
]


@pytest.mark.parametrize(("text", "expected"), DEEP, ids=[row[0] for row in DEEP])
def test_globs_of_parents(folder: Path, text: str, expected: list[str]) -> None:
    with SourceTree(str(folder)) as tree:
        assert [source.path for source in find_sources(tree, text, deep=True)] == expected


def test_what_is_not_there(folder: Path) -> None:
    with SourceTree(str(folder)) as tree:
        for text in ("no", "a.txt/x", "d/no", "a\\*txt"):
            with pytest.raises(NotFound):
                find_sources(tree, text)


def test_links_never_lead_outside(folder: Path) -> None:
    (folder.parent / "secret").write_text("outside")
    (folder / "up").symlink_to("../../../../../../secret")
    (folder / "absolute").symlink_to("/a.txt")
    (folder / "folder").symlink_to("d/e")
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to(folder.parent)
    with SourceTree(str(folder)) as tree:
        assert tree.find("up") is None
        assert tree.find("out/secret") is None
        assert [source.item.path for source in find_sources(tree, "absolute")] == ["a.txt"]
        assert [source.item.path for source in find_sources(tree, "folder/f.txt")] == ["d/e/f.txt"]
        with pytest.raises(OSError, match="symbolic links"):
            tree.find("loop")


def digest(folder: Path, *texts: str, owners: bool = False, excluded: Ignored | None = None) -> str:
    with SourceTree(str(folder)) as tree:
        sources = [source for text in texts for source in find_sources(tree, text)]
        return digest_of_sources(tree, sources, excluded, owners=owners)


def test_what_changes_a_digest(folder: Path) -> None:
    before = digest(folder, ".")
    os.utime(folder / "d/a.txt", (1, 1))
    os.chown(folder / "d/a.txt", os.geteuid(), os.getegid())
    assert digest(folder, ".") == before
    (folder / "d/a.txt").chmod(0o600)
    changed = digest(folder, ".")
    (folder / "d/a.txt").write_text("d/a.txT")
    contents = digest(folder, ".")
    (folder / "d/a.txt").rename(folder / "d/b.txt")
    renamed = digest(folder, ".")
    (folder / "empty").mkdir()
    assert len({before, changed, contents, renamed, digest(folder, ".")}) == 5


def test_extended_attributes_and_link_targets_change_a_digest(folder: Path) -> None:
    (folder / "d/l").symlink_to("one")
    first = digest(folder, "d")
    (folder / "d/l").unlink()
    (folder / "d/l").symlink_to("two")
    second = digest(folder, "d")
    os.setxattr(folder / "d/a.txt", "user.x", b"1")
    assert len({first, second, digest(folder, "d")}) == 3


def test_what_is_excluded_does_not_count(folder: Path) -> None:
    excluded = patterns_of("**/*.md", "--exclude")
    before = digest(folder, ".", "b.md", excluded=excluded)
    (folder / "b.md").write_text("other")
    assert digest(folder, ".", "b.md", excluded=excluded) == before


PARTS = st.sampled_from(["a", "b", "/", "*", "**", "**/", "/**/", "?", "[a]", "[^a]", "\\a", "."])
REGEXES = {
    "*": "[^/]*",
    "**": ".*",
    "**/": "(?:.*/)?",
    "?": "[^/]",
    "[a]": "a",
    "[^a]": "[^a/]",
    "\\a": "a",
    ".": "\\.",
}


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=8), path=st.text("ab/.", min_size=1, max_size=10))
def test_patterns_are_as_their_regular_expressions(parts: list[str], path: str) -> None:
    pattern = compiled("".join(parts))
    if not re.fullmatch(r"\*\*[^/*?\[\\]+", pattern.text):  # `**.log`, which is in the table above
        words = re.findall(r"\*\*/|\*\*$|\*\*|\*|\?|\[\^?a\]|\\a|.", pattern.text)
        at_end = [
            "(?:.*/)?" if word == "**" and number < len(words) - 1 else ""
            for number, word in enumerate(words)
        ]
        regex = "".join(found or REGEXES.get(word, word) for found, word in zip(at_end, words, strict=True))
        assert pattern.matches(path) == (re.fullmatch(regex, path) is not None)


@pytest.mark.parametrize("pattern", ["**/" * 50 + "x", "*a" * 50 + "x", "a**" * 50 + "x", "?*" * 50 + "/x"])
def test_no_pattern_takes_long(pattern: str) -> None:
    assert not compiled(pattern).matches("a/" * 100 + "a" * 200)
    assert not compiled(pattern).matches("a/" * 100 + "a" * 200 + "x/x/")
