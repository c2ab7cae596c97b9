"""Streams as pieces of bytes: of useful size, hashed on the way, and fetched ahead by a thread.

Reading, hashing and decompressing are C code that lets go of the interpreter's lock, while the
unpacker's thread waits for the kernel: with both at work a layer takes as long as the slower of
the two, not as both together.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Self

from pyminidocker.oci.digest import sha256_hasher

CHUNK = 1 << 18
# Pieces that wait between two threads: with the decoder's 1 MiB this bounds what a layer takes.
_AHEAD = 4
_PATIENCE_S = 0.1


def read_chunks(file: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """Yield what ``file`` holds from where it stands.

    See: read(2).
    """
    while chunk := file.read(size):
        yield chunk


def gathered(chunks: Iterable[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """Yield the same stream in pieces of at least ``size`` bytes, except the last.

    Archives are packed as headers of 512 bytes and files of a few hundred: each is too little for
    a system call, a hash and a change of threads of its own.
    """
    waiting: list[bytes] = []
    held = 0
    for chunk in chunks:
        if not held and len(chunk) >= size:
            yield chunk
            continue
        waiting.append(chunk)
        held += len(chunk)
        if held >= size:
            yield b"".join(waiting)
            waiting, held = [], 0
    if held:
        yield b"".join(waiting)


class Hashed:
    """Passes a stream on and hashes what goes by.

    Attributes:
        size: bytes so far.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hasher: Any = sha256_hasher()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hasher.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def digest(self) -> str:
        """Digest of what has gone by.

        See: OCI image-spec descriptor.md, Digests.
        """
        return f"sha256:{self._hasher.hexdigest()}"


class _End:
    """The last thing in the queue: what ended the stream."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(chunks: Iterable[bytes], bytes_before: int = 1 << 20) -> Iterator[bytes]:
    """Yield the same stream while a thread fetches its next pieces.

    A short stream never sees a thread.  Errors of the stream are raised here; whoever stops early
    closes this generator, and the thread ends before that returns.

    Args:
        chunks: where the stream comes from; used by one thread at a time.
        bytes_before: the thread starts when so much has come.
    """
    source = iter(chunks)
    size = 0
    for chunk in source:
        yield chunk
        size += len(chunk)
        if size >= bytes_before:
            break
    else:
        return
    waiting: queue.Queue[bytes | _End] = queue.Queue(_AHEAD)
    stop = threading.Event()
    thread = threading.Thread(
        target=_fetch, args=(source, waiting, stop), name="chunks-ahead", daemon=True
    )
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()


def _fetch(
    source: Iterator[bytes], waiting: "queue.Queue[bytes | _End]", stop: threading.Event
) -> None:
    error: BaseException | None = None
    try:
        for chunk in source:
            if not _put(waiting, chunk, stop):
                break
    except BaseException as raised:  # noqa: BLE001 - it is raised again by the thread that reads
        error = raised
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
    _put(waiting, _End(error), stop)


def _put(waiting: "queue.Queue[bytes | _End]", item: "bytes | _End", stop: threading.Event) -> bool:
    """Hand over one piece; False when nobody wants it any more."""
    while not stop.is_set():
        try:
            waiting.put(item, timeout=_PATIENCE_S)
        except queue.Full:
            continue
        return True
    return False


class Behind:
    """Hands pieces to a thread that works on them, a few behind the stream; a context manager.

    For streams that Python code makes or takes apart: hashing and writing need no interpreter's
    lock, so they run beside it, while a second thread of Python code would only be in the way.

    Args:
        work: called with every piece, in order, in the thread.
        bytes_before: the thread starts when so much has come; a short stream never sees one.
    """

    def __init__(self, work: Callable[[bytes], object], bytes_before: int = 1 << 20) -> None:
        self._work = work
        self._left = bytes_before
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield a stream whose pieces are worked on meanwhile.

        Raises:
            Exception: what the work on an earlier piece raised.
        """
        for chunk in chunks:
            if self._error is not None:
                raise self._error
            if self._left > 0:
                self._left -= len(chunk)
                self._work(chunk)
            else:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name="chunks-behind", daemon=True
                    )
                    self._thread.start()
                self._waiting.put(chunk)
            yield chunk

    def finish(self) -> None:
        """Wait until all pieces are done.

        Raises:
            Exception: what the work on one of them raised.
        """
        self._end()
        if self._error is not None:
            raise self._error

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _run(self) -> None:
        while (chunk := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._work(chunk)
                except BaseException as error:  # noqa: BLE001 - it is raised again by the other side
                    self._error = error
