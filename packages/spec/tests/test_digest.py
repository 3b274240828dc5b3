"""Digests, against sha2's published test vectors and the forms that descriptor.md gives."""

from __future__ import annotations

import pytest

from tiffin.spec.digest import Digest, DigestMismatch, InvalidDigest, Verifier
from tiffin.spec.image import EMPTY_JSON

ABC = {  # FIPS 180-2, appendix
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    "8086072ba1e7cc2358baeca134c825a7",
    "sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
}


@pytest.mark.parametrize("algorithm", sorted(ABC))
def test_known_vectors(algorithm: str) -> None:
    digest = Digest.parse(f"{algorithm}:{ABC[algorithm]}")
    assert Digest.of(b"abc", algorithm) == digest
    assert Digest.of([b"a", b"", b"bc"], algorithm) == digest
    assert (digest.algorithm, digest.encoded) == (algorithm, ABC[algorithm])
    digest.verify(b"abc")
    with pytest.raises(DigestMismatch):
        digest.verify(b"abd")


def test_the_empty_descriptor_is_right() -> None:
    assert Digest.of(b"{}") == EMPTY_JSON.digest
    assert EMPTY_JSON.size == len(b"{}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        f"sha256:{ABC['sha256'][:-1]}",
        f"sha256:{ABC['sha256']}0",
        f"sha256:{ABC['sha256'].upper()}",
        f"SHA256:{ABC['sha256']}",
        f"sha512:{ABC['sha256']}",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        f"sha256:{ABC['sha256']}\n",
        "sha256:../../../../../../../../../../../../../../../../../../../etc/passwd",
        "sha256+b64:LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
    ],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


def test_a_stream_is_verified_while_it_passes() -> None:
    digest = Digest.of(b"abc")
    assert list(Verifier(digest, 3).through([b"a", b"bc"])) == [b"a", b"bc"]
    with pytest.raises(DigestMismatch):
        list(Verifier(digest).through([b"a", b"bd"]))
    with pytest.raises(DigestMismatch, match="2 bytes"):
        list(Verifier(digest, 3).through([b"ab"]))


def test_too_much_is_refused_before_it_has_all_come() -> None:
    verifier = Verifier(Digest.of(b"abc"), 3)
    verifier.update(b"abc")
    with pytest.raises(DigestMismatch, match="more than 3"):
        verifier.update(b"d")


def test_unknown_algorithms_are_refused_everywhere() -> None:
    with pytest.raises(InvalidDigest):
        Digest.of(b"", "md5")
    with pytest.raises(InvalidDigest):
        Verifier(Digest("md5:x"))
