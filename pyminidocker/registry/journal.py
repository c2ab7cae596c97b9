"""What the registry was asked, and how many bytes of content went in and out.

Whoever counts bytes asks right after a transfer, when the thread that served it may not have come
to writing it down: so the journal knows what is being served, and waits for it a moment.
"""

import threading
import time
from collections import deque
from typing import Any

REMEMBERED = 5000
SETTLE_S = 0.5


class Entry:
    """One request.

    Attributes:
        number: counts from 1.
        received: bytes of its body.
        sent: bytes of the answer's body.
        kind: ``blob``, ``manifest``, ``upload``, ``mount``, ``tags``, ``catalog``, ``referrers``
            or ``other``.
    """

    __slots__ = (
        "began", "client", "kind", "method", "number", "path", "received", "sent", "status", "took",
        "user",
    )  # fmt: skip

    def __init__(self, client: str) -> None:
        self.number = 0
        self.client = client
        self.method = self.path = self.user = ""
        self.kind = "other"
        self.status = self.received = self.sent = 0
        self.began = time.time()
        self.took = 0.0

    def told(self) -> dict[str, Any]:
        """Return it as the control socket tells it."""
        return {
            "Number": self.number,
            "Time": self.began,
            "Client": self.client,
            "User": self.user,
            "Method": self.method,
            "Path": self.path,
            "Kind": self.kind,
            "Status": self.status,
            "Received": self.received,
            "Sent": self.sent,
            "Seconds": self.took,
        }

    def line(self) -> str:
        """Return it as one line of a log."""
        when = time.strftime("%H:%M:%S", time.localtime(self.began))
        size = f"+{self.received}" if self.received else f"-{self.sent}"
        who = f"{self.user}@{self.client}" if self.user else self.client
        return f"{when} {who} {self.method} {self.path} {self.status} {size} {self.took:.3f}s"


class Journal:
    """All requests: the last ones singly, all of them as sums."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=REMEMBERED)
        self._sums: dict[tuple[str, str], list[int]] = {}
        self._open: set[Entry] = set()
        self._changed = threading.Condition()
        self._count = 0

    def begin(self, client: str) -> Entry:
        """Note that a request is being served."""
        entry = Entry(client)
        with self._changed:
            self._open.add(entry)
        return entry

    def end(self, entry: Entry) -> None:
        """Note what became of it."""
        entry.took = time.time() - entry.began
        with self._changed:
            self._open.discard(entry)
            self._count += 1
            entry.number = self._count
            self._entries.append(entry)
            sums = self._sums.setdefault((entry.method, entry.kind), [0, 0, 0])
            sums[0] += 1
            sums[1] += entry.received
            sums[2] += entry.sent
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until what is being served now is written down, for half a second at most."""
        until = time.monotonic() + SETTLE_S
        with self._changed:
            pending = set(self._open)
            while pending & self._open and time.monotonic() < until:
                self._changed.wait(until - time.monotonic())

    def sums(self) -> list[dict[str, Any]]:
        """Return requests and bytes by method and kind."""
        with self._changed:
            return [
                {"Method": method, "Kind": kind, "Requests": one, "Received": two, "Sent": three}
                for (method, kind), (one, two, three) in sorted(self._sums.items())
            ]

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests after number ``after`` that are still remembered."""
        with self._changed:
            return [entry.told() for entry in self._entries if entry.number > after]
