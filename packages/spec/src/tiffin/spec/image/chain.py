"""Chain ids: the identity of a layer with all those below it. A cold module: it loads nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def sha256_of(data: bytes) -> str:
    """The digest of something small."""
    import hashlib

    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def chain_ids(diff_ids: Sequence[str], digest_of: Callable[[bytes], str] = sha256_of) -> list[str]:
    """The chain id of each layer: image-spec `config.md`, "Layer ChainID".

    Args:
        diff_ids: the digests of the uncompressed layers, from the lowest.
        digest_of: for callers that have a cheaper one at hand than hashlib's, which loads OpenSSL.
    """
    chains = list(diff_ids[:1])
    for diff_id in diff_ids[1:]:
        chains.append(digest_of(f"{chains[-1]} {diff_id}".encode()))
    return chains
