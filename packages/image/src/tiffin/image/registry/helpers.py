"""`Helper`: a program docker-credential-NAME, which keeps secrets elsewhere. Source: docker-credential-helpers' README.

The program gets its verb as its argument and the rest on its input, and answers on its output.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from tiffin.image.errors import FailedPrecondition
from tiffin.image.registry.credentials import Credential
from tiffin.image.registry.problems import shown
from tiffin.spec.json_tree import JSONError, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 60.0  # seconds: it may ask the user
TOKEN_USER = "<token>"
# the protocol has no code for it: helpers print this constant, and its clients compare with it
NOT_FOUND = "credentials not found in native keychain"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Helper:
    """One program.

    Args:
        name: its name without `docker-credential-`, as the file has it. environment: what it is run with, and found by.
        file: which file names it, for messages.
    """

    def __init__(self, name: object, environment: Mapping[str, str], file: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise FailedPrecondition(f"{file}: {name!r} is no name of a credential helper")
        self.program = f"docker-credential-{name}"
        self._environment = environment
        self._file = file

    def get(self, server: str) -> Credential | None:
        """The credential for a server; None if the helper has none. Raises FailedPrecondition."""
        done = self._run("get", server)
        output = done.stdout.strip()
        if done.returncode != 0:
            if output == NOT_FOUND:
                return None
            raise self._failed("get", done)
        try:
            tree = decode(output)
        except JSONError as error:
            raise FailedPrecondition(f"{self.program}: get: its output is no JSON: {error}") from error
        user, secret = (
            (tree.get(name) for name in ("Username", "Secret")) if isinstance(tree, dict) else (None,) * 2
        )
        if not isinstance(user, str) or not isinstance(secret, str):
            raise FailedPrecondition(f"{self.program}: get: its output needs Username and Secret")
        return Credential(identity_token=secret) if user == TOKEN_USER else Credential(user, secret)

    def store(self, server: str, credential: Credential) -> None:
        """Keeps a credential. Raises FailedPrecondition."""
        user, secret = credential.user, credential.password
        if credential.identity_token:
            user, secret = TOKEN_USER, credential.identity_token
        self._do("store", encode({"ServerURL": server, "Username": user, "Secret": secret}))

    def erase(self, server: str) -> None:
        """Forgets a credential. Raises FailedPrecondition."""
        self._do("erase", server)

    def _do(self, verb: str, text: str) -> None:
        done = self._run(verb, text)
        if done.returncode != 0:
            raise self._failed(verb, done)

    def _run(self, verb: str, text: str) -> subprocess.CompletedProcess[str]:
        path = shutil.which(self.program, path=self._environment.get("PATH"))
        if path is None:
            raise FailedPrecondition(
                f"{self._file} names the credential helper {self.program}, which is not in $PATH: install it, or "
                "remove it from the file"
            )
        try:
            return subprocess.run(
                [path, verb],
                input=text,
                env=dict(self._environment),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FailedPrecondition(f"{path} {verb}: {error}") from None  # its context could show the input

    def _failed(self, verb: str, done: subprocess.CompletedProcess[str]) -> FailedPrecondition:
        words = shown((done.stdout.strip() or done.stderr.strip()).replace("\n", " "))
        return FailedPrecondition(f"{self.program} {verb}: exit code {done.returncode}: {words}")
