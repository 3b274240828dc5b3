"""`Wire`: sends single requests to one host, follows redirects, and says in our errors why none was answered.

Nothing is tried again here, and nothing is decided on a status except a redirect.
"""

from __future__ import annotations

import ssl
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from tiffin.image.errors import FailedPrecondition, InvalidImage, Unavailable
from tiffin.image.registry.answer import Answer
from tiffin.image.registry.tls import session_of
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tiffin.image.registry.hosts import Host
    from tiffin.image.registry.settings import RegistrySettings
    from tiffin.image.verified import Readable

MOST_REDIRECTS = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})


class Request(Record):
    """A request. open_body: opens the body, again for each attempt; it has `length` bytes."""

    method: str
    url: str
    headers: Mapping[str, str]
    open_body: Callable[[], Readable] | None = None
    length: int = 0


class Wire:
    """The connections to one host; usable by several threads at once."""

    def __init__(self, host: Host, settings: RegistrySettings) -> None:
        self._host = host
        self._session = session_of(host)
        connect = host.connect_timeout or settings.connect_timeout
        self._timeout = (connect, settings.read_timeout)
        self._plain = False
        self._fixed = {"User-Agent": settings.user_agent, "Accept-Encoding": "identity"}

    @property
    def root(self) -> str:
        """The address of the API's root; plain HTTP once it is known that there is no TLS."""
        return self._downgraded(self._host.url)

    def send(self, request: Request, *, follow: bool = True) -> Answer:
        """Sends a request, and follows redirects; without the host's own headers and Authorization on other hosts.

        Raises:
            Unavailable: no answer, or not in time; it may be tried again.
            FailedPrecondition: the certificate is not trusted.
            InvalidImage: redirects without an end, or to nowhere.
        """
        at = request
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(at)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location or not follow:
                return answer
            answer.close()
            at = self._redirected(at, location)
        raise InvalidImage(
            f"{self._host.name}: {request.method} was redirected more than {MOST_REDIRECTS} times"
        )

    def _redirected(self, request: Request, location: str) -> Request:
        url = urljoin(request.url, location)
        headers = dict(request.headers)
        if not same_origin(url, request.url):
            check_address(url, self._host.name)
            headers.pop("Authorization", None)
        return request.replace(url=url, headers=headers)

    def _once(self, request: Request) -> Answer:
        url = self._downgraded(request.url)
        try:
            return self._try(request, url)
        except (requests.exceptions.SSLError, requests.exceptions.ConnectionError) as error:
            if not self._may_be_plain(url, error):
                raise failure_of(error, self._host.name) from error
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            raise failure_of(error, self._host.name) from error
        self._plain = True
        return self._once(request)

    def _try(self, request: Request, url: str) -> Answer:
        headers = {**self._fixed, **request.headers}
        if same_origin(url, self.root):
            headers.update(self._host.headers)
        body = None
        if request.open_body is not None:
            body = request.open_body()
            headers["Content-Length"] = str(request.length)
        response = self._session.request(
            request.method,
            url,
            headers=headers,
            data=body,  # type: ignore[arg-type]  # anything with `read`
            stream=True,
            allow_redirects=False,
            timeout=self._timeout,
            verify=not self._host.skip_verify,
        )
        return Answer(response)

    def _may_be_plain(self, url: str, error: Exception) -> bool:
        """Whether this server may be spoken to without TLS, and did not answer as one that has TLS.

        url: where the request went; another thread may have found out meanwhile.
        """
        if url.startswith("http://") or not self._host.fallback_http or not same_origin(url, self._host.url):
            return False
        if isinstance(error, requests.exceptions.Timeout):
            return False
        return not any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))

    def _downgraded(self, url: str) -> str:
        if self._plain and url.startswith("https://") and same_origin(url, self._host.url):
            return "http://" + url.removeprefix("https://")
        return url


def failure_of(error: Exception, where: str) -> Unavailable | FailedPrecondition | InvalidImage:
    """Our error for one of requests; decided by the classes of its causes."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return FailedPrecondition(
            f"{where}: its certificate is not trusted ({error}); put its authority into certs.d/{where}/ca.crt, or "
            "list it as insecure"
        )
    if isinstance(error, requests.exceptions.Timeout):
        return Unavailable(f"{where}: no answer in time: {error}")
    if isinstance(error, requests.exceptions.ProxyError):
        return Unavailable(
            f"{where}: the proxy does not let us through: {error}; see HTTPS_PROXY and NO_PROXY"
        )
    final = (requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader)
    if isinstance(error, (*final, ValueError)) and not isinstance(error, requests.exceptions.ConnectionError):
        return InvalidImage(f"{where}: it sent what is no address: {error}")
    return Unavailable(f"{where}: it cannot be reached: {error}")


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def check_address(url: str, where: str) -> None:
    """Refuses what is no address on the web. Raises InvalidImage."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise InvalidImage(f"{where}: it leads to {url[:200]!r}, which is no address of a registry")


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        port = 0
    return parts.scheme, (parts.hostname or "").lower(), port


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that it came from, also as requests and urllib3 keep it (in arguments, as `reason`)."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
