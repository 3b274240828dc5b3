"""`Authentication`: what stands in the Authorization header, for one host: a token for each scope, or basic.

Source: distribution's "Token Authentication Specification" and "OAuth2 Token Authentication".
"""

from __future__ import annotations

import base64
import threading
from urllib.parse import urlsplit

from tiffin.image.errors import Unsupported
from tiffin.image.registry.challenge import challenges_of
from tiffin.image.registry.tokens import Token, TokenServer
from tiffin.image.registry.wire import same_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.registry.challenge import Challenge
    from tiffin.image.registry.credentials import Credential, Credentials
    from tiffin.image.registry.retry import Clock
    from tiffin.image.registry.wire import Wire

Scopes = tuple[str, ...]


class Authentication:
    """The authentication at one host; usable by several threads at once, which then ask for a token only once."""

    def __init__(self, name: str, wire: Wire, credentials: Credentials, clock: Clock) -> None:
        self._name = name
        self._wire = wire
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.RLock()
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, Scopes], Token] = {}
        self._refresh: dict[str, str] = {}

    def header(self, repository: str, scopes: Scopes) -> str:
        """What to send with a request; "" as long as the host has not asked for anything. Raises as `answer`."""
        with self._lock:
            if self._challenge is None:
                return ""
            return self._header(self._challenge, repository, scopes)

    def answer(self, challenge_header: str, sent: str, repository: str, scopes: Scopes) -> str:
        """What to send after a 401; "" if there is nothing better than what was sent.

        Raises:
            PermissionDenied: the token server refuses. Unavailable: it cannot be reached.
            Unsupported: the host wants a scheme that we do not have, or a token server without TLS.
        """
        challenges = challenges_of(challenge_header)
        chosen = self._chosen(challenges)
        with self._lock:
            self._challenge = chosen
            key = (repository, scopes)
            known = self._tokens.get(key)
            if known is not None and sent == f"Bearer {known.value}":
                del self._tokens[key]  # it was good once, and is no longer
            wanted = tuple(dict.fromkeys((*scopes, *chosen.parameters.get("scope", "").split())))
            found = self._header(chosen, repository, scopes, wanted)
            return "" if found == sent else found

    def _chosen(self, challenges: tuple[Challenge, ...]) -> Challenge:
        for scheme in ("bearer", "basic"):
            for challenge in challenges:
                if challenge.scheme == scheme:
                    return challenge
        schemes = ", ".join(sorted({challenge.scheme for challenge in challenges})) or "none that can be read"
        raise Unsupported(f"{self._name} asks for an authentication that is not supported: {schemes}")

    def _header(
        self, challenge: Challenge, repository: str, scopes: Scopes, wanted: Scopes | None = None
    ) -> str:
        if challenge.scheme == "basic":
            found = self._credentials.find(self._name, repository)
            return basic(found) if found else ""
        token = self._tokens.get((repository, scopes))
        if token is None or token.expires <= self._clock.monotonic():
            token = self._fetch(challenge, repository, scopes if wanted is None else wanted)
            self._tokens[repository, scopes] = token
        return f"Bearer {token.value}"

    def _fetch(self, challenge: Challenge, repository: str, scopes: Scopes) -> Token:
        credential = self._credentials.find(self._name, repository)
        if credential and credential.registry_token:
            return Token(credential.registry_token, float("inf"))
        realm = challenge.parameters.get("realm", "")
        self._check_realm(realm, with_secret=credential is not None)
        server = TokenServer(self._wire, realm, challenge.parameters.get("service", ""), self._clock)
        refresh = self._refresh.get(repository) or (credential.identity_token if credential else "")
        if refresh:
            token = server.by_refresh_token(refresh, scopes)
        else:
            token = server.by_password(basic(credential) if credential else "", credential, scopes)
        if token.refresh:
            self._refresh[repository] = token.refresh
        return token

    def _check_realm(self, realm: str, *, with_secret: bool) -> None:
        """A secret goes to a token server elsewhere only by TLS, unless the registry itself has none."""
        parts = urlsplit(realm)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unsupported(
                f"{self._name} names no token server that can be reached: realm {realm[:200]!r}"
            )
        plain = parts.scheme == "http" and not same_origin(realm, self._wire.root)
        if with_secret and plain and self._wire.root.startswith("https:"):
            raise Unsupported(
                f"{self._name} wants credentials to be sent to {parts.netloc} without TLS: they are not; pull without "
                "logging in, or tell the registry's owner"
            )


def basic(credential: Credential) -> str:
    """The header for user and password."""
    text = f"{credential.user}:{credential.password}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"
