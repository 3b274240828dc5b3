"""References, against what docker, containerd and the distribution project document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.spec.reference import InvalidReference, Reference

HEX = "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa"
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("debian", "docker.io/library/debian", "debian"),
        ("debian:12", "docker.io/library/debian:12", "debian:12"),
        ("library/debian", "docker.io/library/debian", "debian"),
        ("docker.io/debian", "docker.io/library/debian", "debian"),
        ("docker.io/library/debian", "docker.io/library/debian", "debian"),
        ("index.docker.io/debian", "docker.io/library/debian", "debian"),
        ("index.docker.io/user/repo", "docker.io/user/repo", "user/repo"),
        ("user/repo:tag", "docker.io/user/repo:tag", "user/repo:tag"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/repo", "localhost/repo", "localhost/repo"),
        ("localhost:5000/repo:v1", "localhost:5000/repo:v1", "localhost:5000/repo:v1"),
        ("host:5000/repo", "host:5000/repo", "host:5000/repo"),
        ("example.com/a/b/c", "example.com/a/b/c", "example.com/a/b/c"),
        ("Example/repo", "Example/repo", "Example/repo"),
        ("127.0.0.1:80/x", "127.0.0.1:80/x", "127.0.0.1:80/x"),
        ("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"),
        (f"debian@{DIGEST}", f"docker.io/library/debian@{DIGEST}", f"debian@{DIGEST}"),
        (f"debian:12@{DIGEST}", f"docker.io/library/debian:12@{DIGEST}", f"debian:12@{DIGEST}"),
        ("a-b__c.d/e---f", "docker.io/a-b__c.d/e---f", "a-b__c.d/e---f"),
        ("localhost", "docker.io/library/localhost", "localhost"),
        ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128, "x:" + "t" * 128),
        ("example.com/" + "a" * 255, "example.com/" + "a" * 255, "example.com/" + "a" * 255),
    ],
)
def test_full_and_familiar_names(text: str, full: str, familiar: str) -> None:
    if text.startswith("a-b__c.d/"):  # a dot makes the first part a domain, which has no underscore
        with pytest.raises(InvalidReference):
            Reference.parse(text)
        return
    reference = Reference.parse(text)
    assert str(reference) == full
    assert reference.familiar == familiar
    assert Reference.parse(full) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":tag",
        "@" + DIGEST,
        "repo:",
        "repo@",
        "UPPER",
        "example.com/Repo",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a/.b",
        "repo:.tag",
        "repo:-tag",
        "repo:" + "t" * 129,
        "repo:tag\n",
        "repo:t\u00e4g",
        "repo@sha256:abc",
        f"repo@sha256:{HEX.upper()}",
        f"repo@sha512:{HEX}",
        f"repo@md5:{HEX[:32]}",
        "example.com:port/x",
        "-example.com/x",
        "exa_mple.com/x",
        "http://example.com/x",
        "../etc/passwd",
        "example.com/" + "a" * 256,
        HEX,
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidReference):
        Reference.parse(text)


def test_the_reason_is_told() -> None:
    with pytest.raises(InvalidReference, match="must be in lower case"):
        Reference.parse("Debian:12")
    with pytest.raises(InvalidReference, match="image's id"):
        Reference.parse(HEX)


def test_an_upper_case_tag_is_no_upper_case_name() -> None:
    assert Reference.parse("debian:RC1").tag == "RC1"


def test_defaults_and_changes() -> None:
    reference = Reference.parse("debian")
    assert str(reference.with_default_tag()) == "docker.io/library/debian:latest"
    assert reference.with_tag("12").with_default_tag().tag == "12"
    with pytest.raises(InvalidReference):
        reference.with_tag("a b")
    pinned = Reference.parse(f"debian:12@{DIGEST}")
    assert pinned.with_default_tag() == pinned
    assert str(pinned.with_digest(None)) == "docker.io/library/debian:12"
    assert pinned.digest is not None
    assert pinned.digest.encoded == HEX


def test_as_containerd_reads_it() -> None:
    assert str(Reference.parse_docker("busybox")) == "docker.io/library/busybox:latest"
    assert str(Reference.parse_docker(f"busybox:1@{DIGEST}")) == f"docker.io/library/busybox@{DIGEST}"


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9.:/@_-]{1,40}", fullmatch=True))
def test_any_text_is_a_reference_or_an_error(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference
