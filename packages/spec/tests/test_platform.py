"""Platforms, against the behaviour that containerd documents for its platforms package."""

from __future__ import annotations

import pytest

from tiffin.spec.image import Descriptor, Index, NoMatchingPlatform, select_manifest, select_manifests
from tiffin.spec.platform import (
    InvalidPlatform,
    Platform,
    candidates,
    format_platform,
    host,
    matches,
    normalize,
    parse,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("Linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/i386", "linux/386"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/6", "linux/arm/v6"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/riscv64", "linux/riscv64"),
        ("linux/weird/v0", "linux/weird/v0"),
        ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
        ("windows(10.0.17763+win32k)/amd64", "windows(10.0.17763+win32k)/amd64"),
        ("windows(+b+a)/amd64", "windows(+a+b)/amd64"),
    ],
)
def test_parsed_and_normalized(text: str, normal: str) -> None:
    assert format_platform(normalize(parse(text))) == normal
    assert normalize(parse(str(parse(text)))) == normalize(parse(text))


def test_what_is_missing_is_the_hosts() -> None:
    assert parse("linux").architecture == host().architecture
    assert (parse("s390x").os, parse("s390x").architecture) == (host().os, "s390x")
    assert format_platform(parse("arm")) == f"{host().os}/arm"


@pytest.mark.parametrize(
    "text", ["", "*", "linux/*", "nonsense", "linux/a/b/c", "/", "linux/", "linux(", "linux/a b"]
)
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(InvalidPlatform):
        parse(text)


def test_marks_in_a_version_are_escaped() -> None:
    platform = Platform(os="windows", os_version="a/b(c)", architecture="amd64")
    assert parse(str(platform)) == platform


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("linux/amd64", ["linux/amd64", "linux/386"]),
        ("linux/amd64/v3", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"]),
        ("linux/arm/v8", ["linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v6", ["linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v5", ["linux/arm/v5"]),
        ("linux/arm64", ["linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/s390x", ["linux/s390x"]),
    ],
)
def test_what_a_platform_runs_as_well(text: str, runs: list[str]) -> None:
    assert [str(one) for one in candidates(parse(text))] == runs


def test_a_variant_of_any_length_is_only_itself() -> None:
    assert [str(one) for one in candidates(parse("linux/arm/v" + "9" * 5000))] == ["linux/arm/v" + "9" * 5000]


def test_armv9_contains_armv8() -> None:
    runs = [str(one) for one in candidates(parse("linux/arm64/v9.1"))]
    assert runs[:3] == ["linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6"]
    assert "linux/arm64" in runs
    assert "linux/arm64/v8.7" not in runs


def test_windows_runs_its_own_build() -> None:
    wanted = parse("windows(10.0.17763.100)/amd64")
    assert matches(wanted, parse("windows(10.0.17763.200)/amd64"))
    assert not matches(wanted, parse("windows(10.0.20348.1)/amd64"))
    assert matches(wanted, parse("windows/amd64"))


def test_features_must_all_be_there() -> None:
    assert matches(parse("windows(+a+b)/amd64"), parse("windows(+a)/amd64"))
    assert not matches(parse("windows(+a)/amd64"), parse("windows(+b)/amd64"))


def index(*platforms: str) -> Index:
    manifests = [
        Descriptor(
            mediaType="application/vnd.oci.image.manifest.v1+json",
            digest=f"sha256:{number:064x}",
            size=1,
            platform=parse(text) if text else None,
        )
        for number, text in enumerate(platforms)
    ]
    return Index(schemaVersion=2, manifests=manifests)


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("linux/amd64", ["linux/arm64", "linux/386", "linux/amd64"], [2, 1]),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64"], [1, 0]),
        ("linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], [1]),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v4", "linux/amd64/v2"], [2, 0]),
        ("linux/arm64", ["linux/arm64/v8", "linux/arm/v7"], [0, 1]),
        ("linux/amd64", ["", "linux/amd64"], [1, 0]),
        ("linux/amd64", ["linux/amd64", "linux/amd64"], [0, 1]),
    ],
)
def test_selection(wanted: str, offered: list[str], chosen: list[int]) -> None:
    listed = index(*offered)
    found = select_manifests(listed, parse(wanted))
    assert [listed.manifests.index(one) for one in found] == chosen
    assert select_manifest(listed, parse(wanted)) is found[0]


def test_nothing_suits() -> None:
    with pytest.raises(NoMatchingPlatform, match="linux/s390x; the index has linux/amd64, linux/arm/v7"):
        select_manifest(index("linux/amd64", "linux/arm/v7"), parse("linux/s390x"))


def test_attestations_are_no_images() -> None:
    listed = index("linux/amd64", "")
    listed.manifests[1].annotations = {"vnd.docker.reference.type": "attestation-manifest"}
    assert len(select_manifests(listed, parse("linux/amd64"))) == 1
