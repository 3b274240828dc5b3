"""`TokenServer`: asks for bearer tokens. Source: distribution's "Token Authentication Specification", and OAuth2."""

from __future__ import annotations

import io
from urllib.parse import urlencode

from tiffin.image.errors import PermissionDenied, Unavailable
from tiffin.image.registry.problems import error_of, problem_of
from tiffin.image.registry.wire import Request
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.credentials import Credential
    from tiffin.image.registry.retry import Clock
    from tiffin.image.registry.wire import Wire

MOST_BYTES = 1024 * 1024
SHORTEST = 60.0  # seconds, where the server says nothing: the specification's own default
EARLY = 0.1  # of the time is left when a new one is asked for
CLIENT = "tiffin-image"
_FORM = "application/x-www-form-urlencoded"


class Token(Record):
    """A bearer token. expires: by the clock's `monotonic`. refresh: to get the next one with, or ""."""

    value: str
    expires: float
    refresh: str = ""


class TokenServer:
    """The server that a registry named.

    Args:
        realm: its address. service: what the registry calls itself.
    """

    def __init__(self, wire: Wire, realm: str, service: str, clock: Clock) -> None:
        self._wire = wire
        self._realm = realm
        self._service = service
        self._clock = clock

    def by_password(
        self, authorization: str, credential: Credential | None, scopes: tuple[str, ...]
    ) -> Token:
        """A token for user and password, or for nobody with "". Raises PermissionDenied, Unavailable."""
        query = [("service", self._service)] if self._service else []
        query += [("scope", scope) for scope in scopes]
        headers = {}
        if authorization:
            headers["Authorization"] = authorization
            query += [("account", credential.user if credential else ""), ("client_id", CLIENT)]
        joint = "&" if "?" in self._realm else "?"
        url = f"{self._realm}{joint}{urlencode(query)}" if query else self._realm
        return self._ask(Request("GET", url, headers))

    def by_refresh_token(self, token: str, scopes: tuple[str, ...]) -> Token:
        """A token for an identity token. Raises PermissionDenied, Unavailable."""
        fields = {
            "grant_type": "refresh_token",
            "service": self._service,
            "client_id": CLIENT,
            "scope": " ".join(scopes),
            "refresh_token": token,
        }
        data = urlencode(fields).encode()
        headers = {"Content-Type": _FORM}
        return self._ask(Request("POST", self._realm, headers, lambda: io.BytesIO(data), len(data)))

    def _ask(self, request: Request) -> Token:
        answer = self._wire.send(request)
        if answer.status != 200:
            problem = problem_of(answer)
            if 400 <= problem.status < 500 and problem.status not in (408, 429):
                problem = problem.replace(status=401)  # whatever it calls it: this user gets no token
            raise error_of(problem, "asking for a token", answer.where)
        return self._token(answer)

    def _token(self, answer: Answer) -> Token:
        with answer:
            data = answer.read_document(MOST_BYTES, "the answer of the token server")
        try:
            tree = decode(data)
        except JSONError as error:
            raise Unavailable(
                f"{answer.where}: the answer of the token server is no JSON: {error}"
            ) from error
        members = tree if isinstance(tree, dict) else {}
        value = members.get("token") or members.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
            raise PermissionDenied(f"{answer.where}: the token server gave no token")
        seconds = members.get("expires_in")
        lasts = float(seconds) if isinstance(seconds, int) and seconds > 0 else SHORTEST
        refresh = members.get("refresh_token")
        expires = self._clock.monotonic() + lasts * (1 - EARLY)
        return Token(value, expires, refresh if isinstance(refresh, str) else "")
