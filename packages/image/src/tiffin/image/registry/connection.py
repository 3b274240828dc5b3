"""`Connection`: requests to one host, with authentication, and tried again where that can help."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

from tiffin.image.errors import ImageFailure, Unavailable
from tiffin.image.registry.authentication import Authentication
from tiffin.image.registry.problems import RETRIED, error_of, problem_of
from tiffin.image.registry.retry import Attempts, retry_after
from tiffin.image.registry.wire import Request, Wire, same_origin
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.credentials import Credentials
    from tiffin.image.registry.hosts import Host
    from tiffin.image.registry.retry import Clock
    from tiffin.image.registry.settings import RegistrySettings
    from tiffin.image.verified import Readable


class Call(Record):
    """A request below the root of the API.

    what: for messages. path: below the root (`/app/tags/list`), or a whole address that the host gave.
    expected: the statuses that are returned; any other one raises.
    repository, scopes: what the token must be for. open_body: opens a body of `length` bytes.
    """

    what: str
    method: str
    path: str
    expected: tuple[int, ...] = (200,)
    repository: str = ""
    scopes: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    open_body: Callable[[], Readable] | None = None
    length: int = 0


class Connection:
    """One host; usable by several threads at once."""

    def __init__(
        self, host: Host, settings: RegistrySettings, credentials: Credentials, clock: Clock
    ) -> None:
        self.host = host
        self.settings = settings
        self.clock = clock
        self._credentials = credentials
        self._lock = threading.Lock()
        self._made: tuple[Wire, Authentication] | None = None

    def request(self, call: Call, *, attempts: Attempts | None = None) -> Answer:
        """Sends a request, again if that can help. The caller closes the answer.

        Args:
            attempts: those of a larger operation; its own by default.

        Raises:
            PermissionDenied, NotFound, Unsupported, ...: what the registry refused with, see `problems.py`.
            Unavailable: all attempts failed. FailedPrecondition: its certificate is not trusted.
        """
        left = attempts or self.attempts()
        while True:
            after = None
            try:
                answer = self.once(call)
            except Unavailable as failure:
                error: ImageFailure = failure
            else:
                if answer.status in call.expected:
                    return answer
                error = self.refusal(call, answer)
                if answer.status not in RETRIED:
                    raise error
                after = retry_after(answer.headers.get("Retry-After"), self.clock)
            left.wait(error, after)

    def once(self, call: Call) -> Answer:
        """Sends a request, and once more with the credentials that a 401 asks for; any status is returned."""
        wire, authentication = self._parts()
        ours = "://" not in call.path
        url = self._address(wire, call)
        own = ours or same_origin(url, wire.root)
        sent = authentication.header(call.repository, call.scopes) if own else ""
        answer = wire.send(self._request(call, url, sent))
        challenge = answer.headers.get("WWW-Authenticate")
        if answer.status != 401 or not challenge or not same_origin(answer.url, wire.root):
            return answer
        answer.close()
        better = authentication.answer(challenge, sent, call.repository, call.scopes)
        # sent again even if there is nothing better, so that its refusal can be shown
        return wire.send(self._request(call, self._address(wire, call), better))

    def refusal(self, call: Call, answer: Answer) -> ImageFailure:
        """The error for an answer, which is closed."""
        return error_of(problem_of(answer), call.what, self.host.name)

    def attempts(self) -> Attempts:
        """Those of a new operation."""
        return Attempts(self.settings.retry, self.clock)

    def _parts(self) -> tuple[Wire, Authentication]:
        """Made at the first request: most mirrors that are configured are never asked."""
        with self._lock:
            if self._made is None:
                wire = Wire(self.host, self.settings)
                self._made = wire, Authentication(self.host.name, wire, self._credentials, self.clock)
            return self._made

    def _address(self, wire: Wire, call: Call) -> str:
        if "://" in call.path:
            url = call.path
        else:
            url = wire.root + call.path
        query = list(call.query)
        if self.host.namespace and "://" not in call.path:
            query.append(("ns", self.host.namespace))  # containerd's way to tell a mirror what it stands for
        if not query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    def _request(self, call: Call, url: str, authorization: str) -> Request:
        headers: Mapping[str, str] = dict(call.headers)
        if authorization:
            headers = {**headers, "Authorization": authorization}
        return Request(call.method, url, headers, call.open_body, call.length)
