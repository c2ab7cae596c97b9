"""The cable between lab hosts: a small process that carries frames from one host to another.

Two engines' labs are siblings: no veth pair can be made between them without the rights of both.
So each host makes a veth pair of its own and hands out a packet socket on its far end (the
*plug*), and this process reads frames at one plug and writes them at the other.  In between it
can do what cables do: take time, lose frames, refuse the ones that are too long, be slow.

    host a: eth1 == plug | packet socket --> this process --> packet socket | plug == eth1 :host b

With more than two plugs it is a switch: it learns behind which plug a MAC address lives.  The
process lives as long as every API connection over which it was given a plug, and the plugs live as
long as it does.  It is run as a program of its own, so it needs the standard library only, and
little of that.

See: packet(7), PACKET_VNET_HDR; linux/virtio_net.h; docs/decisions/0012.
"""

import errno
import os
import select
import socket
import struct
import sys
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

VNET_HEADER_BYTES = 10  # struct virtio_net_hdr: checksum still to be made, and where
ETHERNET_BYTES = 14
LONGEST_READ_BYTES = 66_000
FRAMES_A_TURN = 64
SOL_PACKET, PACKET_STATISTICS = 263, 6
_STATISTICS = struct.Struct("=II")  # struct tpacket_stats: packets, drops; reading resets it
_MAC_AT = VNET_HEADER_BYTES
# A slow wire has a transmit queue of this length before it, as a modem has; what finds it full is
# dropped.
TRANSMIT_QUEUE_S = 0.1
MOST_BYTES_UNDER_WAY = 64 << 20
GOODBYE_S = 5.0

SETTINGS = ("latency_ms", "jitter_ms", "loss_percent", "mtu", "bandwidth_mbit")


class Dice:
    """Numbers that look random and are the same for the same seed (xorshift64*).

    The module ``random`` would bring OpenSSL with it: 5 MB in every wire.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        mixed = (seed + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        self._state = mixed or 1

    def roll(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        x = self._state
        x ^= x >> 12
        x ^= x << 25 & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self._state = x
        return (x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) / 2**64


class End:
    """One plug.

    Attributes:
        fd: the packet socket, non-blocking.
        about: what ``state`` tells of it: Host, Link, Address.
        waiting: frames on their way to this plug: (when they arrive, frame), in order.
        frames_in, bytes_in: what its host sent.
        frames_out, bytes_out: what its host was given.
        lost: frames from its host that the wire lost.
        too_long: frames from its host that were longer than the wire's MTU.
        overflowed: frames to or from it that found a queue full.
    """

    __slots__ = (
        "about", "bytes_in", "bytes_out", "dice", "fd", "frames_in", "frames_out", "free_at",
        "last_due", "lost", "overflowed", "socket", "too_long", "waiting", "waiting_bytes",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, about: "Json", dice: Dice) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.fd = sock.fileno()
        self.about = about
        self.dice = dice
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.waiting_bytes = 0
        self.free_at = self.last_due = 0.0
        self.frames_in = self.bytes_in = self.frames_out = self.bytes_out = 0
        self.lost = self.too_long = self.overflowed = 0

    def counters(self) -> "Json":
        """Return what went through, with the frames that the kernel dropped before us."""
        try:
            raw = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, _STATISTICS.size)
            self.overflowed += _STATISTICS.unpack(raw)[1]
        except OSError:  # in tests: not a packet socket
            pass
        return {
            **self.about,
            "FramesIn": self.frames_in,
            "BytesIn": self.bytes_in,
            "FramesOut": self.frames_out,
            "BytesOut": self.bytes_out,
            "Lost": self.lost,
            "TooLong": self.too_long,
            "Overflowed": self.overflowed,
            "UnderWay": len(self.waiting),
        }


class Wire:
    """The plugs and what happens between them.

    Args:
        ends: two or more.
        settings: by the names in ``SETTINGS``; what is missing is 0, which means "none"
            (``mtu``: 1500).
    """

    def __init__(self, ends: list[End], settings: "Json") -> None:
        self.ends = ends
        self._learned: dict[bytes, End] = {}
        self.settings: Json = dict.fromkeys(SETTINGS, 0) | {"mtu": 1500}
        self.change(settings)

    def change(self, settings: "Json") -> None:
        """Change some of the settings; frames under way keep the times they have."""
        self.settings.update({name: settings[name] for name in SETTINGS if name in settings})
        self._latency_s = self.settings["latency_ms"] / 1e3
        self._jitter_s = self.settings["jitter_ms"] / 1e3
        self._loss = self.settings["loss_percent"] / 100
        self._bytes_per_s = self.settings["bandwidth_mbit"] * 125_000
        self._longest = int(self.settings["mtu"]) + ETHERNET_BYTES + VNET_HEADER_BYTES
        self._is_plain = not (self._latency_s or self._jitter_s or self._bytes_per_s)

    def receive(self, end: End) -> None:
        """Take what ``end``'s host has sent and send it on, now or later."""
        ends = self.ends
        other = ends[1] if end is ends[0] else ends[0]
        for _ in range(FRAMES_A_TURN):
            try:
                frame = os.read(end.fd, LONGEST_READ_BYTES)
            except OSError:  # EAGAIN: that was all; ENETDOWN: the plug is going
                return
            size = len(frame)
            end.frames_in += 1
            end.bytes_in += size - VNET_HEADER_BYTES
            if size > self._longest:
                end.too_long += 1
            elif self._loss and end.dice.roll() < self._loss:
                end.lost += 1
            elif len(ends) > 2:
                for target in self._targets(end, frame):
                    self._carry(end, target, frame)
            elif self._is_plain and not other.waiting:
                self._deliver(other, frame)
            else:
                self._carry(end, other, frame)

    def _targets(self, end: End, frame: bytes) -> list[End]:
        """Learn the sender's place; return the plugs that get the frame, as a switch does."""
        self._learned[frame[_MAC_AT + 6 : _MAC_AT + 12]] = end
        known = self._learned.get(frame[_MAC_AT : _MAC_AT + 6])
        if known is None:  # group addresses are never learned
            return [other for other in self.ends if other is not end]
        return [known] if known is not end else []

    def _carry(self, end: End, target: End, frame: bytes) -> None:
        """Put a frame on its way; it never overtakes the one before."""
        now = time.monotonic()
        leaves = now
        if self._bytes_per_s:
            leaves = max(now, target.free_at)
            if leaves - now > TRANSMIT_QUEUE_S:
                target.overflowed += 1
                return
            leaves += (len(frame) - VNET_HEADER_BYTES) / self._bytes_per_s
            target.free_at = leaves
        if target.waiting_bytes > MOST_BYTES_UNDER_WAY:
            target.overflowed += 1
            return
        due = leaves + self._latency_s
        if self._jitter_s:
            due = max(now, due + (2 * end.dice.roll() - 1) * self._jitter_s)
        target.last_due = due = max(due, target.last_due)
        if due <= now and not target.waiting:
            self._deliver(target, frame)
            return
        target.waiting.append((due, frame))
        target.waiting_bytes += len(frame)

    def _deliver(self, target: End, frame: bytes) -> None:
        try:
            os.write(target.fd, frame)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                target.too_long += 1
            else:  # EAGAIN, ENOBUFS: full; ENETDOWN, ENXIO: the plug is going
                target.overflowed += 1
            return
        target.frames_out += 1
        target.bytes_out += len(frame) - VNET_HEADER_BYTES

    def deliver_due(self) -> float | None:
        """Hand over what has arrived; return in how many seconds the next frame will."""
        soonest: float | None = None
        for end in self.ends:
            waiting = end.waiting
            while waiting:
                left_s = waiting[0][0] - time.monotonic()
                if left_s > 0:
                    soonest = left_s if soonest is None else min(soonest, left_s)
                    break
                _, frame = waiting.popleft()
                end.waiting_bytes -= len(frame)
                self._deliver(end, frame)
        return soonest


class Relay:
    """Serves one wire: its plugs, the connections they hang on, and who asks about it.

    Args:
        wire: what to serve.
        connections: API connections; when one ends, the wire does.
        listener: where ``{}``, ``{"change": {...}}`` and ``{"cut": true}`` are asked for, in one
            line each; the answer is the state.
        path: of the listener; removed at the end.
        about: what the state tells of the wire itself.
    """

    def __init__(
        self,
        wire: Wire,
        connections: list[socket.socket],
        listener: socket.socket,
        path: str,
        about: "Json",
    ) -> None:
        self._wire = wire
        self._listener = listener
        self._path = path
        self._about = about
        self._ends = {end.fd: end for end in wire.ends}
        self._connections = {sock.fileno(): sock for sock in connections}
        self._callers: dict[int, tuple[socket.socket, bytes]] = {}
        self._is_running = True
        self._epoll = select.epoll()
        listener.setblocking(False)
        for fd in (*self._ends, *self._connections, listener.fileno()):
            self._epoll.register(fd, select.EPOLLIN)

    def run(self) -> None:
        """Serve until a connection ends or somebody cuts the wire."""
        while self._is_running:
            left_s = self._wire.deliver_due()
            if left_s is not None:
                # epoll counts in milliseconds, select in microseconds.
                select.select([self._epoll], [], [], left_s)
            for fd, _ in self._epoll.poll(None if left_s is None else 0):
                end = self._ends.get(fd)
                if end is not None:
                    self._wire.receive(end)
                elif fd in self._connections:
                    self._is_running = False  # an engine says nothing here but that it is gone
                elif fd in self._callers:
                    self._hear(fd)
                else:
                    self._accept()
        self._hide()

    def _accept(self) -> None:
        try:
            caller, _ = self._listener.accept()
        except OSError:  # gone again
            return
        caller.setblocking(False)
        self._callers[caller.fileno()] = caller, b""
        self._epoll.register(caller.fileno(), select.EPOLLIN)

    def _hear(self, fd: int) -> None:
        caller, text = self._callers[fd]
        try:
            data = caller.recv(4096)
        except OSError:
            data = b""
        text += data
        if data and b"\n" not in text and len(text) < 4096:
            self._callers[fd] = caller, text
            return
        del self._callers[fd]
        self._epoll.unregister(fd)
        answer = self._answer(text)
        if not self._is_running:
            self._pull_plugs()
        with caller:
            try:
                caller.send(answer)
            except OSError:
                pass  # nobody waits for it

    def _pull_plugs(self) -> None:
        """Say good-bye to the engines and wait until they have taken their links away."""
        until = time.monotonic() + GOODBYE_S
        for sock in self._connections.values():
            try:
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(max(0.001, until - time.monotonic()))
            except OSError:  # gone already
                continue
        for sock in self._connections.values():
            try:
                while sock.recv(4096):
                    pass
            except OSError:
                continue
        self._hide()

    def _hide(self) -> None:
        """Remove the listener's name; once, because then it may be another wire's."""
        path, self._path = self._path, ""
        try:
            if path:
                os.unlink(path)  # noqa: PTH108
        except FileNotFoundError:
            pass

    def _answer(self, text: bytes) -> bytes:
        import json

        try:
            request = json.loads(text)
            if request.get("change"):
                self._wire.change(request["change"])
            if request.get("cut"):
                self._is_running = False
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            return json.dumps({"error": str(error)}).encode() + b"\n"
        ends = [end.counters() for end in self._wire.ends]
        state = {**self._about, "Settings": self._wire.settings, "Ends": ends, "Pid": os.getpid()}
        return json.dumps(state).encode() + b"\n"


def main(argument: str) -> None:
    """Serve the wire that ``argument`` (JSON) describes, in the background.

    ``name``, ``path`` (of the listener), ``listener`` (descriptor), ``seed``, ``settings``, and
    ``ends``: a list of objects with ``socket`` and ``connection`` (descriptors) and ``about``.
    """
    import json

    told = json.loads(argument)
    if os.fork():
        os._exit(0)  # whoever started us need not wait for us
    os.setsid()
    os.chdir("/")
    ends = [
        End(socket.socket(fileno=one["socket"]), one["about"], Dice(told["seed"] + index))
        for index, one in enumerate(told["ends"])
    ]
    relay = Relay(
        Wire(ends, told["settings"]),
        [socket.socket(fileno=one["connection"]) for one in told["ends"]],
        socket.socket(fileno=told["listener"]),
        told["path"],
        {"Name": told["name"], "Seed": told["seed"], "Since": time.time()},
    )
    relay.run()


if __name__ == "__main__":
    main(sys.argv[1])
