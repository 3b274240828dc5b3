"""Dockerfiles to instructions: a table of what is written and what it means, and of errors with line and hint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.image.building.dockerfile.error import DockerfileError
from tiffin.image.building.dockerfile.instructions import (
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Onbuild,
    Run,
    Shell,
    Volume,
    Workdir,
)
from tiffin.image.building.dockerfile.parse import PARSERS, parse


def only(line: str) -> object:
    """The instruction after FROM."""
    return parse("FROM scratch\n" + line).instructions[1]


def fields(line: str, *names: str) -> tuple[object, ...]:
    one = only(line)
    return tuple(getattr(one, name) for name in names)


TABLE = [
    ("ARG a b=1 c=", Arg, {"pairs": (("a", None), ("b", "1"), ("c", ""))}),
    ("ENV a=1 b='2 3' c=x\\ y", Env, {"pairs": (("a", "1"), ("b", "'2 3'"), ("c", "x\\ y"))}),
    ("ENV a b  c", Env, {"pairs": (("a", "b  c"),)}),
    ('LABEL "a b"="c d"', Label, {"pairs": (('"a b"', '"c d"'),)}),
    ("COPY a b /c/", Copy, {"sources": ("a", "b"), "target": "/c/"}),
    ('COPY ["a b", "/c"]', Copy, {"sources": ("a b",), "target": "/c"}),
    (
        "COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.a --exclude=b s t",
        Copy,
        {
            "source": "x",
            "chown": "1:2",
            "chmod": "755",
            "link": True,
            "parents": True,
            "exclude": ("*.a", "b"),
        },
    ),
    ("COPY --link=False a b", Copy, {"link": False}),
    ("ADD --checksum=sha256:1 --unpack=false http://x/y /", Add, {"checksum": "sha256:1", "unpack": False}),
    ("ADD a /", Add, {"unpack": None}),
    ("ADD --keep-git-dir=true https://x/y.git /", Add, {"sources": ("https://x/y.git",)}),
    ("run --network=none --security=insecure x", Run, {"network": "none", "security": "insecure"}),
    ("CMD echo hi", Cmd, {"command": (("echo hi",), True)}),
    ('CMD ["a", "b c"]', Cmd, {"command": (("a", "b c"), False)}),
    ("CMD []", Cmd, {"command": ((), False)}),
    ("CMD [a, b]", Cmd, {"command": (("[a, b]",), True)}),
    ('ENTRYPOINT ["/x"]', Entrypoint, {"command": (("/x",), False)}),
    ('SHELL ["/bin/bash", "-c"]', Shell, {"words": ("/bin/bash", "-c")}),
    ("HEALTHCHECK NONE", Healthcheck, {"command": None}),
    (
        "HEALTHCHECK --interval=1m30s --timeout=2s --start-period=0.5h --start-interval=5ms --retries=3 CMD x",
        Healthcheck,
        {
            "command": (("x",), True),
            "interval": 90 * 10**9,
            "timeout": 2 * 10**9,
            "start_period": 1800 * 10**9,
            "start_interval": 5 * 10**6,
            "retries": 3,
        },
    ),
    (
        "HEALTHCHECK --interval=0 --timeout=.5s --start-period=1.s --start-interval=2\u03bcs1ms CMD x",
        Healthcheck,
        {"interval": 0, "timeout": 5 * 10**8, "start_period": 10**9, "start_interval": 1_002_000},
    ),
    ("ONBUILD RUN a", Onbuild, {"trigger": "RUN a"}),
    ("EXPOSE 80 90-91/udp", Expose, {"ports": ("80", "90-91/udp")}),
    ('COPY a\\ b "c" /d', Copy, {"sources": ("a\\", "b", '"c"'), "target": "/d"}),
    ("CMD [NaN]", Cmd, {"command": (("[NaN]",), True)}),
    ('CMD ["\\ud800"]', Cmd, {"command": (("\ufffd",), False)}),
    ("VOLUME /a /b", Volume, {"paths": ("/a", "/b")}),
    ('VOLUME [" /a "]', Volume, {"paths": ("/a",)}),
    ('VOLUME ["/a b"]', Volume, {"paths": ("/a b",)}),
    ("WORKDIR /a b", Workdir, {"path": "/a b"}),
]


@pytest.mark.parametrize(("line", "kind", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_instructions(line: str, kind: type, expected: dict[str, object]) -> None:
    found = only(line)
    assert type(found) is kind
    for name, value in expected.items():
        have = getattr(found, name)
        assert (tuple(have) if name == "command" and have is not None else have) == value


def test_from() -> None:
    text = "ARG v=1\nFROM --platform=linux/arm64 a:$v As Base\nFROM base"
    assert [
        (one.image, one.platform, one.name) for one in parse(text).instructions if isinstance(one, From)
    ] == [
        ("a:$v", "linux/arm64", "base"),
        ("base", "", ""),
    ]


def test_continued_lines_lose_comments_and_empty_lines_but_no_doubled_escape() -> None:
    text = "FROM scratch\nRUN a \\\n  # no\n\n  b \\  \n c\\\\\nCMD d"
    instructions = parse(text).instructions
    assert [(one.line, one.text) for one in instructions[1:]] == [(2, "RUN a   b  c\\\\"), (7, "CMD d")]


def test_the_escape_directive_counts_at_the_top_only() -> None:
    assert parse("# syntax=x\n# Escape=`\nFROM a\nRUN b `\n c").instructions[1].text == "RUN b  c"
    assert parse("# no directive\n# escape=`\nFROM a").escape == "\\"
    assert parse("\ufeffFROM a\r\nRUN b \\\r\n c\r\n").instructions[1].text == "RUN b  c"


def test_heredocs() -> None:
    text = "FROM a\nRUN <<A cat <<-\"B\" >x\n1 $x\n A\nA\n\t\t2\n\tB\nCOPY <<C d <<'E' /t/\nc\nC\ne\nE\nCMD z"
    run, copy, cmd = parse(text).instructions[1:]
    assert isinstance(run, Run)
    assert isinstance(copy, Copy)
    assert [tuple(one) for one in run.heredocs] == [
        ("A", "1 $x\n A\n", True, False),
        ("B", "2\n", False, True),
    ]
    assert (copy.sources, copy.target, copy.line) == (("d",), "/t/", 8)
    assert [(one.name, one.content, one.expand) for one in copy.heredocs] == [
        ("C", "c\n", True),
        ("E", "e\n", False),
    ]
    assert cmd.line == 13


HEREDOC_WORDS = [
    ("<< EOF", "EOF", True, False),
    ("cat <<\t EOF >x", "EOF", True, False),
    ("3<<EOF", "EOF", True, False),
    ("<<eo\\'f", "eo'f", True, False),
    ("<<'e'o\\'f", "eo'f", False, False),
    ("<<-'one two'", "one two", False, True),
]


@pytest.mark.parametrize(
    ("line", "name", "expand", "chomp"), HEREDOC_WORDS, ids=[row[0] for row in HEREDOC_WORDS]
)
def test_the_words_that_open_a_heredoc(line: str, name: str, *, expand: bool, chomp: bool) -> None:
    one, after = parse(f"FROM a\nRUN {line}\nx\n{name}\nCMD z").instructions[1:]
    assert isinstance(one, Run)
    assert [tuple(heredoc) for heredoc in one.heredocs] == [(name, "x\n", expand, chomp)]
    assert after.text == "CMD z"


def test_a_heredoc_keeps_its_line_ends_unless_a_shell_reads_them() -> None:
    copy, run = parse("FROM a\r\nCOPY <<E /x\r\ny\r\nE\r\nRUN <<E\r\ny\r\nE\r\n").instructions[1:]
    assert isinstance(copy, Copy)
    assert isinstance(run, Run)
    assert [copy.heredocs[0].content, run.heredocs[0].content] == ["y\r\n", "y\n"]


FRONTENDS = [
    ("docker/dockerfile:1", False),
    ("docker.io/docker/dockerfile:1.7-labs some words", False),
    ("mirror.example:5000/docker/dockerfile@sha256:00", False),
    ("docker/dockerfile-upstream:master", False),
    ("docker/dockerfilex", True),
    ("r2d4/mockerfile", True),
]


@pytest.mark.parametrize(("image", "told"), FRONTENDS, ids=[row[0] for row in FRONTENDS])
def test_only_another_frontend_is_told(image: str, *, told: bool) -> None:
    found = parse(f"# check=skip=all\n#syntax = {image}\nFROM a", "my.Dockerfile")
    expected = (
        f"my.Dockerfile:2: the frontend {image} is not used: this is read as docker/dockerfile reads it"
    )
    assert found.warnings == ((expected,) if told else ())


def test_what_mounts_accept_that_says_the_same() -> None:
    one = only("RUN --mount=type=SECRET,src=s,readonly --mount=type=cache,dst=/c,sharing=Locked,ro=f x")
    assert isinstance(one, Run)
    assert [(mount.type, dict(mount.fields)) for mount in one.mounts] == [
        ("secret", {"id": "s", "readonly": "true"}),
        ("cache", {"target": "/c", "sharing": "locked", "readonly": "false"}),
    ]
    one = only(
        "RUN --mount=target=/a,ro=false --mount=target=/b,rw=false --mount=type=cache,target=/c,rw=false x"
    )
    assert isinstance(one, Run)
    assert [dict(mount.fields) for mount in one.mounts] == [
        {"target": "/a", "readwrite": "true"},
        {"target": "/b", "readwrite": "false"},
        {"target": "/c", "readonly": "true"},
    ]


def test_what_looks_like_a_heredoc_and_is_none() -> None:
    assert fields('RUN echo "<<EOF" x<<EOF <<<word', "heredocs") == ((),)
    assert fields("RUN echo $((1 << 2)) $(( a << b )) <<", "heredocs") == ((),)
    assert only("CMD cat <<EOF").__class__ is Cmd


def test_mounts() -> None:
    line = (
        "RUN --mount=type=cache,dst=/c,id=i,sharing=locked,mode=0700,uid=1 --mount=target=/b,from=x,rw"
        " --mount=type=secret,id=s,required --mount=type=tmpfs,target=/t,size=1m --mount=type=ssh x"
    )
    one = only(line)
    assert isinstance(one, Run)
    assert [(mount.type, dict(mount.fields)) for mount in one.mounts] == [
        ("cache", {"target": "/c", "id": "i", "sharing": "locked", "mode": "0700", "uid": "1"}),
        ("bind", {"target": "/b", "from": "x", "readwrite": "true"}),
        ("secret", {"id": "s", "required": "true"}),
        ("tmpfs", {"target": "/t", "size": "1m"}),
        ("ssh", {}),
    ]


ERRORS = [
    ("", 1, "there is no FROM"),
    ("RUN a\nFROM b", 1, "FROM was expected, not RUN"),
    ("FROM a\n\nCOPPY b c", 3, "unknown instruction COPPY (did you mean COPY?)"),
    ("FROM a b", 1, "FROM IMAGE [AS NAME]"),
    ("FROM a AS 1x", 1, "no name of a stage"),
    ("FROM a AS x\nFROM b AS X", 2, "there already, in line 1"),
    ("FROM a\nCOPY b", 2, "needs a source and a target"),
    ("FROM a\nCOPY --chwon=1 b c", 2, "did you mean chown?"),
    ("FROM a\nCOPY --from b c", 2, "--from=..."),
    ("FROM a\nCOPY --from=x --from=y b c", 2, "twice"),
    ("FROM a\nCOPY --link=7 b c", 2, "true or false"),
    ("FROM a\nCOPY --link= b c", 2, "true or false"),
    ("FROM a\nCOPY --link --link b c", 2, "twice"),
    ("FROM a\nRUN --mount=type=secret,id=a,src=b x", 2, "are the same"),
    ("FROM a\nENV", 2, "ENV name=value"),
    ("FROM a\nENV a", 2, "a value was expected"),
    ("FROM a\nENV a=1 b", 2, "a value with spaces needs quotes"),
    ("FROM a\nENV =1", 2, "a name was expected"),
    ("FROM a\nSHELL sh -c", 2, "JSON form"),
    ("FROM a\nRUN", 2, "needs a command"),
    ("FROM a\nCMD [1]", 2, "a JSON list of strings was expected"),
    ("FROM a\nRUN --network=nome x", 2, "did you mean none?"),
    ("FROM a\nRUN --mount=type=cash,target=/x y", 2, "did you mean cache?"),
    ("FROM a\nRUN --mount=type=cache,target=/x,mode=9 y", 2, "octal"),
    ("FROM a\nRUN --mount=type=cache,target=/x,sharing=lock y", 2, "did you mean locked?"),
    ("FROM a\nRUN <<EOF\nx", 2, "has no end"),
    ("FROM a\nHEALTHCHECK x", 2, "CMD or NONE was expected"),
    ("FROM a\nHEALTHCHECK --interval=5 CMD x", 2, "for example 1m30s"),
    ("FROM a\nHEALTHCHECK --interval=.s CMD x", 2, "for example 1m30s"),
    ("FROM a\nHEALTHCHECK --interval= CMD x", 2, "for example 1m30s"),
    ("FROM a\nONBUILD FROM b", 2, "ONBUILD FROM is not allowed"),
    ("FROM a\nONBUILD CPY a b", 2, "did you mean COPY?"),
    ("# escape=x\nFROM a", 1, "must be \\ or `"),
    ("# escape=`\n# escape=`\nFROM a", 2, "stands here twice"),
    ("FROM a\nRUN \\\n x\n\nCOPY z", 5, "needs a source"),
    ('FROM a\nCOPY "a b" /c', 2, 'need the JSON form, COPY ["a b", ...]'),
    ("FROM a\nCOPY b <<E\nE", 2, "the target is missing"),
    ("FROM a\nCOPY << E /c\nE", 2, "there can be no space"),
    ("FROM a\nENV a=\udcff", 2, "the byte 0xff in it is not UTF-8"),
    ("FROM a\nRUN <<E\n\0\nE", 2, "a NUL byte"),
]


@pytest.mark.parametrize(("text", "line", "problem"), ERRORS, ids=[row[0] for row in ERRORS])
def test_an_error_names_file_line_and_what_was_expected(text: str, line: int, problem: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(text, "my.Dockerfile")
    assert str(caught.value).startswith(f"my.Dockerfile:{line}: ")
    assert problem in str(caught.value)
    assert caught.value.line == line


PIECES = st.sampled_from(
    [
        *PARSERS,
        *" \n\\\t'\"`$#=<-,[]{}:/",
        "<<EOF\n",
        "EOF\n",
        "--mount=type=",
        "cache",
        "--from=",
        "# escape=`\n",
        "AS",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3))).map("".join)))
def test_nothing_but_its_own_error_comes_out(text: str) -> None:
    for whole in ("FROM a\n" + text, text):
        try:
            found: object = parse(whole).instructions
        except DockerfileError as error:
            found = error.line
        assert found


def test_a_json_bomb_is_text() -> None:
    assert fields("CMD " + "[" * 100_000, "command")[0].shell is True  # type: ignore[attr-defined]
