"""Digests: image-spec `descriptor.md`, "Digests"."""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

try:  # the interpreter's own: `hashlib` loads OpenSSL, and the documents that every `tiffin run` checks are small
    from _sha2 import sha256  # type: ignore[import-not-found]  # Python 3.12
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # Python 3.11
    except ImportError:  # an interpreter that was built without it
        from hashlib import sha256

# "Registered algorithms", with the length of the encoded part
ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import _Hash


def new_hash(algorithm: str = "sha256") -> _Hash:
    """A hash of content that comes in pieces, at the speed of OpenSSL, which is loaded only then."""
    import hashlib

    return hashlib.new(algorithm)


def split_digest(digest: str, where: str = "") -> tuple[str, str]:
    """The algorithm and the encoded part of a digest.

    Args:
        digest: what should be one.
        where: where it stands, for the error.

    Raises:
        InvalidImage: if it is not of a registered algorithm, in lower-case hexadecimal of the right length. Digests
            become names of files, so that nothing else may pass.
    """
    algorithm, _, encoded = digest.partition(":")
    if ALGORITHMS.get(algorithm) != len(encoded) or encoded.strip("0123456789abcdef"):
        start = f"{where}: " if where else ""
        raise InvalidImage(
            f"{start}{digest!r} is no digest: expected sha256: and 64 lower-case hexadecimal digits"
        )
    return algorithm, encoded


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of a small piece of content."""
    if algorithm == "sha256":
        return f"sha256:{sha256(data).hexdigest()}"
    import hashlib

    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
