"""Reads containerd's `hosts.toml`, and Docker's certificates beside it. Source: containerd's `docs/hosts.md`.

Unlike containerd, which goes on without a file that it cannot read, a mistake in one is an error: else a registry
that must only be reached through a mirror would be asked itself.
"""

from __future__ import annotations

import os
import posixpath
import re
import tomllib
from urllib.parse import urlsplit

from tiffin.image.errors import FailedPrecondition
from tiffin.image.registry.hosts import ALL, Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def read_hosts_toml(path: str, registry: str, default: Host) -> tuple[Host, ...]:
    """The hosts of a file, in its order, and then its `server`.

    Raises:
        FailedPrecondition: it cannot be read, is no TOML, or has a member of the wrong kind; the text says where.
    """
    try:
        with open(path, "rb") as file:
            tree = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FailedPrecondition(f"{path} cannot be read: {error}") from error
    entries = tree.get("host", {})
    if not isinstance(entries, dict):
        raise FailedPrecondition(f'{path}: host must be tables, such as [host."https://mirror.example"]')
    reader = _Reader(path, registry)
    hosts = [reader.host(url, entry, f'host."{url}"') for url, entry in entries.items()]
    if tree.get("server"):
        hosts.append(reader.host(tree["server"], tree, "server"))
    else:
        hosts.append(reader.changed(default, tree, ""))
    return tuple(hosts)


def certificates_in(folder: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Authorities (*.crt), and client certificates (*.cert) with their keys (*.key), by Docker's names.

    Raises:
        FailedPrecondition: a certificate without its key.
    """
    names = sorted(os.listdir(folder))
    authorities = tuple(os.path.join(folder, name) for name in names if name.endswith(".crt"))
    client = []
    for name in names:
        if name.endswith(".cert"):
            key = name.removesuffix(".cert") + ".key"
            if key not in names:
                raise FailedPrecondition(f"{folder} has {name}, but not its key {key}: put it there")
            client.append((os.path.join(folder, name), os.path.join(folder, key)))
    return authorities, tuple(client)


class _Reader:
    """Takes the tables of one file apart."""

    def __init__(self, path: str, registry: str) -> None:
        self._path = path
        self._folder = os.path.dirname(path)
        self._registry = registry

    def host(self, url: object, table: object, where: str) -> Host:
        """A server with all that its table says."""
        if not isinstance(url, str) or not isinstance(table, dict):
            raise self._wrong(where, "must have an address and a table")
        parts = urlsplit(url if url.startswith("http") else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username is not None:
            raise self._wrong(where, f"{url!r} is no address of a registry")
        path = posixpath.normpath(parts.path) if parts.path else ""
        if not table.get("override_path") and not path.endswith("/v2"):
            path = f"{path.rstrip('/')}/v2"
        namespace = "" if parts.netloc == self._registry else self._registry
        base = Host(f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}", namespace)
        return self.changed(base, table, where)

    def changed(self, host: Host, table: dict[str, Any], where: str) -> Host:
        """`host` with what the members of a table say."""
        capabilities = tuple(item.lower() for item in self._strings(table, "capabilities", where)) or ALL
        if unknown := set(capabilities) - set(ALL):
            raise self._wrong(
                where, f"capabilities are of {', '.join(ALL)}, not {', '.join(sorted(unknown))}"
            )
        proxy = table.get("proxy", "")
        skip = table.get("skip_verify", host.skip_verify)
        if not isinstance(proxy, str) or not isinstance(skip, bool):
            raise self._wrong(where, "proxy must be a string, skip_verify true or false")
        ca = tuple(self._file(item) for item in self._strings(table, "ca", where))
        return host.replace(
            capabilities=capabilities,
            ca=ca,
            client=tuple(self._pairs(table, where)),
            skip_verify=skip if "skip_verify" in table or not ca else False,
            fallback_http=host.fallback_http and not ca,
            headers=tuple(self._headers(table, where)),
            connect_timeout=self._seconds(table.get("dial_timeout", ""), where),
            proxy=proxy,
        )

    def _strings(self, table: dict[str, Any], name: str, where: str) -> list[str]:
        value = table.get(name, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self._wrong(where, f"{name} must be a string or a list of them")
        return items

    def _pairs(self, table: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
        value = table.get("client", [])
        for item in [value] if isinstance(value, str) else value:
            pair = [item, ""] if isinstance(item, str) else item
            if (
                not isinstance(pair, list)
                or len(pair) != 2
                or not all(isinstance(part, str) for part in pair)
            ):
                raise self._wrong(
                    where, "client must be a file, or a list of files or of pairs [certificate, key]"
                )
            yield self._file(pair[0]), self._file(pair[1])

    def _headers(self, table: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
        headers = table.get("header", {})
        if not isinstance(headers, dict):
            raise self._wrong(where, "header must be a table")
        for name in headers:
            values = self._strings(headers, name, where)
            if not _HEADER.fullmatch(name) or any("\r" in value or "\n" in value for value in values):
                raise self._wrong(where, f"{name!r} is no header")
            yield name, ", ".join(values)

    def _seconds(self, text: object, where: str) -> float:
        """A duration as Go writes it: 1.5s, 1m30s."""
        found = _DURATION.findall(text) if isinstance(text, str) else []
        if "".join(number + unit for number, unit in found) != text:
            raise self._wrong(where, f"dial_timeout {text!r} is no duration such as 10s")
        return sum(float(number) * _SECONDS[unit] for number, unit in found)

    def _file(self, name: str) -> str:
        return os.path.join(self._folder, name) if name else ""

    def _wrong(self, where: str, what: str) -> FailedPrecondition:
        return FailedPrecondition(f"{self._path}: {where}{': ' if where else ''}{what}")
