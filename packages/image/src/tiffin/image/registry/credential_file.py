"""`CredentialFile`: one config.json or auth.json, to look into and to change.

It is replaced as a whole (temporary file, fsync, rename), readable by its user alone, and keeps what is not ours.
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile

from tiffin.image.durable import locked_folder
from tiffin.image.errors import FailedPrecondition
from tiffin.image.registry.credentials import DOCKER_HUB_KEY, Credential, names_of, plain
from tiffin.image.registry.helpers import Helper
from tiffin.image.registry.hosts import DOCKER_HUB
from tiffin.spec.json_tree import JSONError, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import Any


class CredentialFile:
    """One file; it need not be there.

    Args:
        path: where it is. environment: for the helpers that it names.
    """

    def __init__(self, path: str, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment

    def find(self, registry: str, repository: str) -> Credential | None:
        """The credential for a repository: from the helper of its registry, from the store, then from the file.

        Raises:
            FailedPrecondition: the file cannot be read, or the helper fails.
        """
        tree = self._read()
        for key in _keys(registry, repository):
            for written, name in _member(tree, "credHelpers", self._path).items():
                if plain(written) == key and (found := self._helper(name).get(written)):
                    return found
        store = tree.get("credsStore")
        if store and (found := self._helper(store).get(_server(registry))):
            return found
        entries = _member(tree, "auths", self._path)
        for key in _keys(registry, repository):
            for written, entry in entries.items():
                if plain(written) == key and (found := self._entry(written, entry)):
                    return found
        return None

    def store(self, registry: str, credential: Credential) -> str:
        """Keeps a credential, by the helper of the registry if there is one; says where it is now."""
        with self._locked():
            tree = self._read()
            auths = tree.setdefault("auths", {})
            key = self._key(registry)
            if helper := self._helper_of(tree, registry):
                helper.store(_server(registry), credential)
                auths[key] = {}
                self._write(tree)
                return helper.program
            auths[key] = _encoded(credential)
            self._write(tree)
            return self._path

    def erase(self, registry: str) -> bool:
        """Forgets the credential of a registry; whether there was one."""
        with self._locked():
            tree = self._read()
            gone = False
            if (helper := self._helper_of(tree, registry)) and helper.get(_server(registry)):
                helper.erase(_server(registry))
                gone = True
            auths = _member(tree, "auths", self._path)
            keys = [key for key in auths if plain(key) in names_of(registry)]
            for key in keys:
                del auths[key]
            if keys:
                self._write(tree)
            return gone or bool(keys)

    def _key(self, registry: str) -> str:
        docker = os.path.basename(self._path) == "config.json"
        return DOCKER_HUB_KEY if docker and registry == DOCKER_HUB else registry

    def _helper_of(self, tree: dict[str, Any], registry: str) -> Helper | None:
        for written, name in _member(tree, "credHelpers", self._path).items():
            if plain(written) in names_of(registry):
                return self._helper(name)
        store = tree.get("credsStore")
        return self._helper(store) if store else None

    def _helper(self, name: object) -> Helper:
        return Helper(name, self._environment, self._path)

    def _entry(self, key: str, entry: object) -> Credential | None:
        """A member of `auths`; None for an empty one, which only says that a helper has it."""
        if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
            raise FailedPrecondition(f"{self._path}: auths[{key!r}] must be an object of strings")
        user, password = entry.get("username", ""), entry.get("password", "")
        if entry.get("auth"):
            try:
                text = base64.b64decode(entry["auth"], validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise FailedPrecondition(
                    f"{self._path}: auths[{key!r}].auth is no base64 of a text"
                ) from error
            user, _, password = text.partition(":")
            password = password.rstrip("\0")
        found = Credential(user, password, entry.get("identitytoken", ""), entry.get("registrytoken", ""))
        return found if any(found) else None

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._path, "rb") as file:
                tree = decode(file.read())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, JSONError) as error:
            raise FailedPrecondition(f"the credentials in {self._path} cannot be read: {error}") from error
        if not isinstance(tree, dict):
            raise FailedPrecondition(f"{self._path} is no JSON object")
        return tree

    def _write(self, tree: dict[str, Any]) -> None:
        path = os.path.realpath(self._path)  # a link to a file elsewhere stays one
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".auth-")  # mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(encode(tree, indent=4) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def _locked(self) -> AbstractContextManager[None]:
        """Two of us change it one after the other; the folder is locked, since the file is replaced."""
        folder = os.path.dirname(os.path.realpath(self._path))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return locked_folder(folder)


def _keys(registry: str, repository: str) -> Iterator[str]:
    """The keys of a repository, the longest first: registry/team/app, registry/team, registry."""
    parts = repository.split("/") if repository else []
    for length in range(len(parts), -1, -1):
        for name in names_of(registry):
            yield "/".join((name, *parts[:length]))


def _server(registry: str) -> str:
    """What a helper knows a registry by."""
    return DOCKER_HUB_KEY if registry in names_of(DOCKER_HUB) else registry


def _member(tree: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    value = tree.get(name) or {}
    if not isinstance(value, dict):
        raise FailedPrecondition(f"{path}: {name} must be an object")
    return value


def _encoded(credential: Credential) -> dict[str, str]:
    if credential.identity_token:
        auth = base64.b64encode(f"{credential.user}:".encode()).decode()
        return {"auth": auth, "identitytoken": credential.identity_token}
    return {"auth": base64.b64encode(f"{credential.user}:{credential.password}".encode()).decode()}
