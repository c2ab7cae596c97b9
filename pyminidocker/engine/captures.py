"""Captures: what travels over the links of the lab or of a container, told to whoever listens.

Every listener has a packet socket of its own, so each has its own filter in the kernel, its own
bounded buffer, and its own count of what was lost.  Nothing is read while a listener is slow: the
buffer fills, and the kernel drops and counts.  A capture ends with its client, its container, its
link, its limit or its time, whichever comes first.

See: docs/decisions/0011.
"""

import asyncio
import os
import time
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct, field

from pyminidocker.engine.container import Container
from pyminidocker.engine.listening import Listening
from pyminidocker.errors import Conflict, InvalidArgument, Unavailable

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.capture import Capture, Frame

MOST_CAPTURES = 32
RATE = 1000  # events a second, unless the listener wants fewer or more
MOST_RATE = 10_000
SNAP_BYTES = 2048  # of a packet that is only described: all headers, a DNS answer
# Of what the kernel hands over at once, how much is looked at before the rest is only counted.
_LOOKED_AT = 512
_PIECE_FRAMES = 256  # of a file, between two turns of the event loop
_REPORT_S = 0.5  # between two reports of losses


class CaptureRequest(Struct):
    """What to capture.

    Attributes:
        link: a link's name, or ``any``.
        container: name or id; empty: the lab's own links.
        words: see ``network.capture_filter``.
        direction: ``in``, ``out`` or empty.
        form: ``events`` (JSON lines) or ``pcap``.
        limit: end after so many packets; 0 = none.
        seconds: end after this time; 0 = never.
        rate: at most so many events a second; 0 = ``RATE``, and no limit for ``pcap``.
    """

    link: str = "any"
    container: str = ""
    words: list[str] = field(default_factory=list)
    direction: str = ""
    form: Literal["events", "pcap"] = "events"
    limit: int = 0
    seconds: float = 0.0
    rate: int = 0


class Captures:
    """All captures of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._open: set[CaptureStream] = set()

    async def open(self, request: CaptureRequest) -> "CaptureStream":
        """Begin to capture: what travels from now on is in the stream, even if it is read later.

        Raises:
            NotFound: no such link or container.
            Conflict: the container does not run.
            InvalidArgument: an unknown word or form, or a number below zero.
            Unavailable: too many captures are open.
            SystemFailure: the kernel refused.
        """
        if min(request.limit, request.seconds, request.rate) < 0:
            raise InvalidArgument("limit, seconds and rate of a capture cannot be negative")
        await self.engine.network_ready()
        if len(self._open) >= MOST_CAPTURES:
            raise Unavailable(
                f"{MOST_CAPTURES} captures are open already", hint="end one of them first"
            )
        container = None
        if request.container:
            container = self.engine.containers.get(request.container)
            if not container.is_running:
                raise Conflict(
                    f"container {container.name} is not running: it has no links to capture on",
                    hint=f"start it with: minidocker start {container.name}",
                )
        return CaptureStream(self._begin(request, container), request, container, self._open)

    def _begin(self, request: CaptureRequest, container: Container | None) -> "Capture":
        from pyminidocker.network.capture import Capture, Ring
        from pyminidocker.network.capture_filter import compile_filter
        from pyminidocker.network.pcap import SNAP_BYTES as WHOLE

        is_file = request.form == "pcap"
        snap_bytes = WHOLE if is_file else SNAP_BYTES
        program = compile_filter(request.words, request.direction, snap_bytes)
        ring = Ring(1 << 18, 16) if is_file else Ring()
        if container is None:
            return Capture(request.link, program, ring)
        home = self.engine.lab_network.home_fd
        return Capture(request.link, program, ring, netns_fd=container.pidfd, home_fd=home)

    def close(self) -> None:
        """End all captures: the engine ends."""
        for stream in list(self._open):
            stream.close()


class CaptureStream(Listening):
    """The bytes for one listener; iterate, and ``aclose`` when done."""

    def __init__(
        self,
        capture: "Capture",
        request: CaptureRequest,
        container: Container | None,
        siblings: "set[CaptureStream]",
    ) -> None:
        super().__init__()
        self._capture = capture
        self._siblings = siblings
        self._timer: asyncio.TimerHandle | None = None
        if request.seconds:
            self._timer = self.loop.call_later(request.seconds, self.end)
        self._pidfd = -1
        if container is not None:
            # A descriptor of our own, readable when the process has ended.
            self._pidfd = os.dup(container.pidfd)
            self.loop.add_reader(self._pidfd, self._container_ended)
        where = f"container {container.name}" if container is not None else "lab"
        is_file = request.form == "pcap"
        self._form: _Events | _File
        self._form = _File(capture, request, where) if is_file else _Events(capture, request)
        siblings.add(self)

    def _container_ended(self) -> None:
        self.loop.remove_reader(self._pidfd)
        self.end()

    def release(self) -> None:
        """Close the packet socket."""
        if self._pidfd >= 0:
            self.loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        self._siblings.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._capture.close()

    async def next_piece(self) -> bytes:
        """Return the next lines, or the next part of a file."""
        while not self.is_closed:
            piece = self._form.next_piece()
            if piece:
                return piece
            if self.is_over or self._form.is_full or self._capture.is_over():
                last = self._form.last_piece()
                self.close()
                return last
            await self.wait([self._capture.fileno()], self._form.report_due_s())
        return b""


class _Events:
    """Frames as JSON lines, thinned to a rate."""

    def __init__(self, capture: "Capture", request: CaptureRequest) -> None:
        self._capture = capture
        self._rate = min(request.rate or RATE, MOST_RATE)
        self._left = request.limit or -1
        self._tokens = float(self._rate)
        self._filled_at = time.monotonic()
        self._lost = 0
        self._reported_at = 0.0
        self._encoder = msgspec.json.Encoder()

    @property
    def is_full(self) -> bool:
        """The limit is reached."""
        return self._left == 0

    def report_due_s(self) -> float | None:
        """Return in how many seconds losses are to be reported; None when there are none."""
        if not self._lost:
            return None
        return max(0.0, self._reported_at + _REPORT_S - time.monotonic())

    def next_piece(self) -> bytes:
        """Return the lines of what has come; empty when nothing has."""
        if self.is_full:
            return b""
        frames = self._thin(self._capture.read(_LOOKED_AT))
        self._lost += self._capture.skip()
        if self._left > 0:
            frames = frames[: self._left]
            self._left -= len(frames)
        lines = [self._line(frame) for frame in frames]
        if self._lost_now() and self.report_due_s() == 0.0:
            lines.append(self._report())
        return b"".join(lines)

    def _lost_now(self) -> int:
        self._lost += self._capture.dropped()
        return self._lost

    def last_piece(self) -> bytes:
        """Return what is to be said at the end."""
        return self._report() if self._lost_now() else b""

    def _report(self) -> bytes:
        line = self._encoder.encode({"Dropped": self._lost}) + b"\n"
        self._lost = 0
        self._reported_at = time.monotonic()
        return line

    def _line(self, frame: "Frame") -> bytes:
        from pyminidocker.network.capture import describe

        return self._encoder.encode(describe(self._capture, frame)) + b"\n"

    def _thin(self, frames: "list[Frame]") -> "list[Frame]":
        """Keep what the rate allows; the bulk of a TCP stream goes first, in favour of the rest."""
        now = time.monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        room = int(self._tokens)
        if len(frames) > room:
            from pyminidocker.network.capture import is_bulk

            self._lost += len(frames) - room
            frames = _select(frames, room, [is_bulk(frame) for frame in frames])
        self._tokens -= len(frames)
        return frames


def _select(frames: "list[Frame]", room: int, bulk: list[bool]) -> "list[Frame]":
    """Return ``room`` frames in order, those that are not bulk before the others."""
    rare = [place for place, is_dull in enumerate(bulk) if not is_dull]
    dull = [place for place, is_dull in enumerate(bulk) if is_dull]
    chosen = sorted((rare + dull)[:room])
    return [frames[place] for place in chosen]


class _File:
    """Frames as a pcapng file."""

    def __init__(self, capture: "Capture", request: CaptureRequest, where: str) -> None:
        from pyminidocker.network.pcap import PcapWriter

        self._capture = capture
        self._left = request.limit or -1
        self._writer = PcapWriter(capture.link_name, where)
        self._has_begun = False

    @property
    def is_full(self) -> bool:
        """The limit is reached."""
        return self._left == 0

    def report_due_s(self) -> float | None:
        """Losses are written at the end."""
        return None

    def next_piece(self) -> bytes:
        """Return the bytes of what has come; empty when nothing has."""
        if not self._has_begun:
            self._has_begun = True
            return self._writer.header()
        most = _PIECE_FRAMES if self._left < 0 else min(_PIECE_FRAMES, self._left)
        frames = self._capture.read(most) if most else []
        if self._left > 0:
            self._left -= len(frames)
        return self._writer.write(frames)

    def last_piece(self) -> bytes:
        """Return what is to be said at the end."""
        return self._writer.dropped(self._capture.dropped(), time.time_ns())
