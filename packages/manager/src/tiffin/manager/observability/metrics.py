"""Figures for Prometheus: calls of gRPC as go-grpc-prometheus has them, collections, containers, and the process.

| name | labels |
|---|---|
| grpc_server_started_total | grpc_type, grpc_service, grpc_method |
| grpc_server_handled_total | the same, grpc_code |
| grpc_server_handling_seconds | the same as the first; with metrics.grpc_histogram |
| tiffind_gc_seconds, tiffind_gc_collections_total | status |
| tiffind_containers | namespace |
| tiffind_build_info | version |
| process_*, python_* | |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from tiffin.manager import VERSION
from tiffin.manager.plugins.kinds import COLLECTION, METADATA
from tiffin.runtime.errors import Unavailable

if TYPE_CHECKING:
    from grpc import StatusCode

    from tiffin.manager.collection.collector import Collection
    from tiffin.manager.config.settings import Metrics
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.observability.requests import Method, Requests
    from tiffin.manager.plugins.plugin_set import PluginSet

CALL = ("grpc_type", "grpc_service", "grpc_method")
PAUSES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@contextmanager
def serving_metrics(settings: Metrics, requests: Requests, plugins: PluginSet) -> Iterator[None]:
    """Serves them over HTTP, whatever the path, in a thread of its own. Raises Unavailable: the address is in use."""
    registry = CollectorRegistry()
    for kind in (ProcessCollector, PlatformCollector, GCCollector):
        kind(registry=registry)
    Info("tiffind_build", "What runs", registry=registry).info({"version": VERSION})
    calls = Calls(registry, histogram=settings.grpc_histogram)
    requests.observers.append(calls)
    for collector in plugins.all(COLLECTION).values():
        collector.listen(Pauses(registry).collected)
    for stores in plugins.all(METADATA).values():
        registry.register(Containers(stores))
    host, _, port = settings.address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise Unavailable(f"metrics cannot be served on {settings.address}: {error.strerror}") from error
    try:
        yield
    finally:
        requests.observers.remove(calls)
        server.shutdown()
        server.server_close()
        thread.join()


class Calls:
    """Counts calls: an `Observer` of `Requests`."""

    def __init__(self, registry: CollectorRegistry, *, histogram: bool) -> None:
        self._started = Counter("grpc_server_started", "Calls that have begun", CALL, registry=registry)
        self._handled = Counter(
            "grpc_server_handled", "Calls that have ended", (*CALL, "grpc_code"), registry=registry
        )
        self._seconds = None
        if histogram:
            self._seconds = Histogram(
                "grpc_server_handling_seconds", "How long they took", CALL, registry=registry
            )

    def started(self, method: Method) -> None:
        """As `Observer` says."""
        self._started.labels(*_labels(method)).inc()

    def ended(self, method: Method, code: StatusCode, seconds: float) -> None:
        """As `Observer` says."""
        labels = _labels(method)
        self._handled.labels(*labels, _camel(code.name)).inc()
        if self._seconds is not None:
            self._seconds.labels(*labels).observe(seconds)


class Pauses:
    """How long collections kept writers waiting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Counter(
            "tiffind_gc_collections", "Collections of garbage", ("status",), registry=registry
        )
        self._pause = Histogram(
            "tiffind_gc_pause_seconds", "How long writers had to wait", buckets=PAUSES, registry=registry
        )
        self._seconds = Histogram(
            "tiffind_gc_seconds", "How long they took", buckets=PAUSES, registry=registry
        )

    def collected(self, collection: Collection) -> None:
        """Called after each."""
        self._count.labels("fail" if collection.error else "success").inc()
        self._pause.observe(collection.pause)
        self._seconds.observe(collection.seconds)


class Containers(Collector):
    """Counts them when it is asked."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def collect(self) -> Iterable[Metric]:
        """As prometheus_client wants it."""
        family = GaugeMetricFamily("tiffind_containers", "Containers, running or not", labels=["namespace"])
        with self._stores.database.reading() as connection:
            rows = connection.execute(
                "SELECT namespace, count(*) FROM containers GROUP BY namespace"
            ).fetchall()
        for namespace, count in rows:
            family.add_metric([namespace], count)
        return [family]


def _labels(method: Method) -> tuple[str, str, str]:
    service, _, name = method.path.lstrip("/").rpartition("/")
    return method.kind, service, name


def _camel(code: str) -> str:
    """`NOT_FOUND` as Go calls it: `NotFound`; `OK` stays."""
    return code if code == "OK" else "".join(word.capitalize() for word in code.split("_"))
