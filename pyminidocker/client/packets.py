"""Packets as they travel, to hold in a notebook.

with engine.capture(words=["dns"]) as packets:
    web.exec("nslookup db")
packets                                  # a table
packets[0]["Dns"]["Question"]            # everything that was decoded

for packet in engine.capture(link="docker0", seconds=5): ...
"""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, overload

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.lab_tree import link_names
from pyminidocker.client.table import html_table, text_table
from pyminidocker.errors import MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.client.connection import Response

MOST_PACKETS = 20_000  # then a capture ends: a notebook should not fill the memory
# At the end of ``with``: what was sent has arrived when nothing came for so long.
_QUIET_S = 0.1
_MOST_S = 1.0
_SHOWN = 200
_HEADER = ("TIME", "LINK", "", "PACKET")


class Capture(Sequence[dict[str, Any]]):
    """A capture that runs until it is stopped, or its limit or time is reached.

    What travels after it was made is in it.  It is a sequence of what was decoded, and shows itself
    as a table.  Iterating over one that runs waits for the next packet.

    Attributes:
        dropped: how many packets were not shown, because there were too many at once.

    Args:
        api: the calls of its engine.
        what: what ``EngineClient.capture`` takes.
    """

    def __init__(self, api: EngineClient, what: dict[str, Any]) -> None:
        self.dropped = 0
        self._packets: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._is_over = self._is_stopping = False
        self._failure: BaseException | None = None
        self._api = api
        self._names: dict[tuple[int, int], str] = {}  # (namespace, link index) -> what to call it
        self._response = api.capture_stream(**what)
        self._latest = time.monotonic()
        self._thread = threading.Thread(target=self._read, args=(self._response,), daemon=True)
        self._thread.start()

    def _read(self, response: "Response") -> None:
        try:
            for packet in response.json_lines():
                with self._news:
                    self._latest = time.monotonic()
                    if "Dropped" in packet:
                        self.dropped += packet["Dropped"]
                    else:
                        self._packets.append(packet)
                    self._news.notify_all()
                    if len(self._packets) >= MOST_PACKETS:
                        break
        except (OSError, ValueError, MiniDockerError) as error:
            if not self._is_stopping:
                self._failure = error
        finally:
            with self._news:
                self._is_over = True
                self._news.notify_all()

    # -- its life ------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._settle()
        self.stop()

    def _settle(self) -> None:
        """Wait until what was sent so far has arrived: until it is quiet, at most a second."""
        end = time.monotonic() + _MOST_S
        with self._news:
            self._latest = time.monotonic()
            while not self._is_over:
                now = time.monotonic()
                rest = min(end, self._latest + _QUIET_S) - now
                if rest <= 0:
                    return
                self._news.wait(rest)

    def stop(self) -> Self:
        """End it and return self; safe to repeat."""
        self._is_stopping = True
        with suppress(OSError):  # it is over already
            self._response.connection.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._response.close()
        self._learn_names()  # while the containers are there
        return self

    def wait(self) -> Self:
        """Wait until its limit or time is reached and return self.

        Raises:
            MiniDockerError: it broke off.
        """
        with self._news:
            while not self._is_over:
                self._news.wait()
        self._check()
        return self.stop()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return not self._is_over

    # -- what came -----------------------------------------------------------------------------

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._packets[index]

    def __len__(self) -> int:
        return len(self._packets)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield what came and what comes, until it is over."""
        index = 0
        while True:
            with self._news:
                while index >= len(self._packets) and not self._is_over:
                    self._news.wait()
                if index >= len(self._packets):
                    break
                packet = self._packets[index]
            yield packet
            index += 1
        self._check()

    @property
    def summaries(self) -> list[str]:
        """One line of text for each packet."""
        return [packet["Summary"] for packet in self._packets]

    def _learn_names(self) -> None:
        """Ask whose cables the links are, if there are some whose owner is not known yet."""
        seen = {(packet["Namespace"], packet["LinkIndex"]) for packet in self._packets[:_SHOWN]}
        if not seen <= self._names.keys():
            with suppress(MiniDockerError, OSError):  # the engine may have ended since
                self._names.update(link_names(self._api.topology()))
            for packet in self._packets[:_SHOWN]:
                key = (packet["Namespace"], packet["LinkIndex"])
                self._names.setdefault(key, packet["Link"])

    def _rows(self) -> list[list[str]]:
        self._learn_names()
        first = self._packets[0]["Time"] if self._packets else 0.0
        return [
            [
                f"{(packet['Time'] - first) * 1000:.3f} ms",
                self._names[packet["Namespace"], packet["LinkIndex"]],
                packet["Direction"],
                packet["Summary"],
            ]
            for packet in self._packets[:_SHOWN]
        ]

    def _more(self) -> str:
        words = []
        if len(self._packets) > _SHOWN:
            words.append(f"{len(self._packets) - _SHOWN} more")
        if self.dropped:
            words.append(f"{self.dropped} not shown: too many at once")
        if not self._packets:
            words.append("no packets so far" if self.is_running else "no packets")
        return ", ".join(words)

    def __repr__(self) -> str:
        more = self._more()
        if not self._packets:
            return f"<Capture: {more}>"
        return text_table(_HEADER, self._rows()) + (f"\n({more})" if more else "")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Capture(...)" if cycle else repr(self))

    def _repr_html_(self) -> str:
        more = self._more()
        return html_table([title.lower() for title in _HEADER], self._rows()) + (
            f"<p>{more}</p>" if more else ""
        )
