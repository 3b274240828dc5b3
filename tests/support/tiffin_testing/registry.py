"""Debian's `docker-registry`, as a fixture can start it: its own storage and port, TLS and passwords if wanted."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin_testing.mortal import MORTAL

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "ada", "correct horse"
# bcrypt, cost 4, of PASSWORD: made by `perl -e 'print crypt("correct horse", q($2b$04$...))'`
PASSWORD_HASH = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"
START_SECONDS = 60.0
LISTENING = re.compile(r'msg="listening on (127\.0\.0\.1:\d+)(?:, tls)?"')


@dataclass(frozen=True)
class Certificates:
    """A small authority, a server's certificate for 127.0.0.1 and localhost, and a client's; files."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@dataclass(frozen=True)
class Registry:
    """A registry that runs. address: host:port. storage: its folder."""

    address: str
    storage: Path


def make_certificates(folder: Path) -> Certificates:
    """Makes them with the command openssl."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key = folder / "ca.crt", folder / "ca.key"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl("req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-subj", "/CN=Test CA", "-days", "2")
    for name in ("server", "client"):
        extension = folder / f"{name}.ext"
        extension.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        key, request, out = (folder / f"{name}.{kind}" for kind in ("key", "csr", "cert"))
        _openssl("req", *new_key, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
            "-extfile", extension, "-out", out,
        )  # fmt: skip
    return Certificates(
        ca, folder / "server.cert", folder / "server.key", folder / "client.cert", folder / "client.key"
    )


@contextmanager
def running_registry(
    folder: Path,
    *,
    certificates: Certificates | None = None,
    client_certificates: bool = False,
    passwords: bool = False,
    token_realm: str = "",
    token_bundle: Path | None = None,
) -> Iterator[Registry]:
    """Starts a registry, and stops it.

    Args:
        folder: for its config, its log and its storage.
        certificates: with TLS. client_certificates: which clients must then have.
        passwords: USER and PASSWORD are asked for.
        token_realm: the token server that it sends clients to; token_bundle: what signs its tokens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "version: 0.1", "log: {level: info, accesslog: {disabled: true}}", "storage:", "  delete: {enabled: true}",
        f"  filesystem: {{rootdirectory: {folder}/storage}}", "http:", "  addr: 127.0.0.1:0",
    ]  # fmt: skip
    if certificates:
        lines += ["  tls:", f"    certificate: {certificates.server}", f"    key: {certificates.server_key}"]
        if client_certificates:
            lines.append(f"    clientcas: [{certificates.authority}]")
    if passwords:
        (folder / "htpasswd").write_text(f"{USER}:{PASSWORD_HASH}\n")
        lines += ["auth:", "  htpasswd:", "    realm: test", f"    path: {folder}/htpasswd"]
    if token_realm:
        lines += ["auth:", "  token:", f"    realm: {token_realm}", "    service: test", "    issuer: test",
                  f"    rootcertbundle: {token_bundle}"]  # fmt: skip
    (folder / "config.yml").write_text("\n".join(lines) + "\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*MORTAL, "docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
        try:
            yield Registry(_address(process, folder / "log"), folder / "storage")
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, once it says so in its log: one that we chose might be another's by then."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if found := LISTENING.search(log.read_text()):
            return found[1]
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    raise RuntimeError(f"docker-registry did not start: {log.read_text()[-2000:]}")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
