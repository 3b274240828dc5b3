"""Certificates of a test's own, made by openssl(1)."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authority:
    """One that signs. folder: where its files go; `certificate` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        run("req", "-x509", *_new(self._key), "-out", self.certificate, "-days", "2", "-subj", f"/CN={name}")

    def sign(self, name: str) -> tuple[Path, Path]:
        """A certificate for localhost, and its key."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run("req", *_new(key), "-out", request, "-subj", f"/CN={name}")
        run(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-out", certificate, "-days", "2", "-extfile", extensions,
        )  # fmt: skip
        return certificate, key


def _new(key: Path) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key)


def run(*words: str | Path) -> None:
    """Runs openssl."""
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
