"""`pull`: an image from any source into a store, with its layers unpacked.

Each layer is fetched by a thread of its own, which hashes and writes; others read what has been written, decompress,
hash, and make the files, several layers at once (`store.unpacking`). No fetch ever waits for them: where few layers
are fetched or unpacked at once, the bottom ones come first, so that all go on. The name is given last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tiffin.image.attentive import wait_for_all
from tiffin.image.documents import config_of, manifest_of
from tiffin.image.errors import AlreadyExists, DigestMismatch, InvalidImage, Stopped
from tiffin.image.image import Image, Layer
from tiffin.image.pull.documents import document
from tiffin.image.pull.fetch import Fetch, Pulling
from tiffin.image.store.content_labels import labels_of, snapshot_label
from tiffin.image.store.names import labels_of_name
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.choice import choose, path_to
from tiffin.image.transfer.events import Progress, Stage, nobody
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from tiffin.image.documents import Descriptor, ImageConfig, Manifest, Platform
    from tiffin.image.layers.limits import Limits
    from tiffin.image.store.store import Store
    from tiffin.image.store.unpacked import UnpackedImage
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.protocol import ImageSource

PARALLEL = 4


class PullOptions(Record):
    """How to pull.

    platform: this machine's if None. unpack: make snapshots too. parallel: how many blobs at a time.
    limits: how much each layer may be.
    """

    platform: Platform | None = None
    unpack: bool = True
    parallel: int = PARALLEL
    limits: Limits | None = None


class PulledImage(Record):
    """target: what the name means, as the source has it. manifest: for the platform.

    unpacked: None without `unpack`.
    """

    name: str
    target: Descriptor
    manifest: Descriptor
    config: ImageConfig
    unpacked: UnpackedImage | None


def pull(
    source: ImageSource,
    store: Store,
    name: str,
    options: PullOptions | None = None,
    report: Report = nobody,
) -> PulledImage:
    """Pulls an image. What the store has already is not fetched; what a killed pull has fetched is gone on with.

    Args:
        source: where from. store: where to. name: the image's in the store.
        options: see `PullOptions`. report: takes the events, from several threads.

    Raises:
        NotFound, InvalidImage, DigestMismatch: the source lacks something, or it is not what it should be.
        ImageFailure, OSError: of the source, and of the disk. Then the name means what it meant before.
    """
    with store.leased() as leased:
        return _Pull(source, leased, options or PullOptions(), report).run(name)


class _Pull:
    """One pull, under a lease."""

    def __init__(self, source: ImageSource, store: Store, options: PullOptions, report: Report) -> None:
        self._source = source
        self._store = store
        self._options = options
        self._report = report
        self._pulling = Pulling(source, store.content, report)

    def run(self, name: str) -> PulledImage:
        """All of it."""
        target = self._source.resolve()
        descriptor = choose(self._source, target, self._options.platform)
        data = document(self._source, self._store.content, descriptor)
        manifest = manifest_of(data, f"manifest {descriptor.digest}", descriptor.media_type)
        config_data = document(self._source, self._store.content, manifest.config)
        config = config_of(config_data, manifest.config.digest, f"config {manifest.config.digest}")
        if len(config.diff_ids) != len(manifest.layers):
            raise InvalidImage(
                f"{self._source.name!r}: the manifest has {len(manifest.layers)} layers, "
                f"the config {len(config.diff_ids)}"
            )
        snapshotter = self._store.snapshots.name  # a new store tries what it can do, before there are threads
        unpacked = self._all_layers(manifest, config)
        snapshot = snapshot_label(snapshotter, unpacked.chain_id) if unpacked else {}
        self._write("config", manifest.config, config_data, snapshot)
        self._write("manifest", descriptor, data, labels_of(descriptor, data))
        for index in path_to(self._source, target, descriptor):
            text = self._source.read_document(index)
            self._write("index", index, text, labels_of(index, text))
        labels = labels_of_name(self._store, config.digest, unpacked.chain_id if unpacked else "")
        self._store.images.put(name, target, labels=labels)
        return PulledImage(name, target, descriptor, config, unpacked)

    def _all_layers(self, manifest: Manifest, config: ImageConfig) -> UnpackedImage | None:
        """Fetches and unpacks them; once more if what failed was a damaged blob that was there before."""
        try:
            return self._layers(manifest, config)
        except InvalidImage:
            found = [self._store.content.check(layer.digest) for layer in manifest.layers]
            if not any(found):
                raise
        self._pulling = Pulling(self._source, self._store.content, self._report)
        return self._layers(manifest, config)

    def _layers(self, manifest: Manifest, config: ImageConfig) -> UnpackedImage | None:
        """Fetches them; unpacks them meanwhile."""
        distinct = {layer.digest: layer for layer in manifest.layers}
        fetches = {digest: Fetch(self._pulling, "layer", layer, {}) for digest, layer in distinct.items()}
        with ExitStack() as stack:
            for fetch in fetches.values():
                stack.callback(fetch.close)
            pool = stack.enter_context(ThreadPoolExecutor(self._options.parallel, "tiffin-fetch"))
            futures = [pool.submit(fetch.run) for fetch in fetches.values()]
            try:
                unpacked = self._unpack(manifest, config, fetches)
            except InvalidImage:  # in bytes that nobody has checked yet: whether they came well counts more
                self._pulling.give_up()
                cause = _failure(futures)
                if isinstance(cause, DigestMismatch):
                    raise cause from None
                raise
            except BaseException as error:
                self._pulling.give_up()
                cause = _failure(futures)
                if cause is None or not isinstance(error, Stopped):
                    raise
                raise cause from None
            failure = _failure(futures)
            if failure is not None:
                raise failure
            return unpacked

    def _unpack(
        self, manifest: Manifest, config: ImageConfig, fetches: Mapping[str, Fetch]
    ) -> UnpackedImage | None:
        if not self._options.unpack:
            return None
        layers = tuple(
            Layer(diff_id, None, layer.size, fetches[layer.digest].following)
            for diff_id, layer in zip(config.diff_ids, manifest.layers, strict=True)
        )
        image = Image(self._source.name, config, layers)
        return unpack_image(
            self._store,
            image,
            limits=self._options.limits,
            report=self._report,
            give_up=self._pulling.give_up,
        )

    def _write(self, kind: str, descriptor: Descriptor, data: bytes, labels: Mapping[str, str]) -> None:
        """A document, verified already, with its labels; one that is damaged in the store is replaced."""
        content = self._store.content
        content.check(descriptor.digest)
        try:
            with self._pulling.writer(kind, descriptor) as writer:
                writer.truncate()
                writer.write(data)
                writer.commit(labels=labels)
        except AlreadyExists:
            content.update(descriptor.digest, labels)
        self._report(Progress(Stage.DONE, kind, descriptor.digest, descriptor.size, descriptor.size))


def _failure(futures: Sequence[Future[None]]) -> BaseException | None:
    """Waits for all; the error of the first one that failed by itself."""
    wait_for_all(futures)
    failures = [error for future in futures if (error := future.exception()) is not None]
    return next((error for error in failures if not isinstance(error, Stopped)), next(iter(failures), None))
