"""The lab as it is, and what travels through it."""

from __future__ import annotations

from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from pyminidocker.client.connection import Response

    Json = dict[str, Any]


class PacketCalls(Transport):
    """Calls about the kernel's network state and about packets."""

    def topology(self) -> Json:
        """GET /minidocker/topology: namespaces, links, addresses, routes, rules, as they are."""
        found: Json = self.call("GET", "/minidocker/topology")
        return found

    def topology_changes(self) -> Iterator[int]:
        """GET /minidocker/topology/changes: yields a number whenever something has changed.

        The first comes at once, so that a picture taken then misses nothing.
        """
        with self.open("GET", "/minidocker/topology/changes") as response:
            for change in response.json_lines():
                yield change["Seq"]

    def capture_stream(
        self,
        *,
        form: str = "events",
        link: str = "any",
        container: str = "",
        words: Sequence[str] = (),
        limit: int = 0,
        seconds: float = 0.0,
        rate: int = 0,
        direction: str = "",
    ) -> Response:
        """GET /minidocker/capture: what travels after this returned is in the answer.

        Args:
            form: ``events`` (a JSON object a line) or ``pcap`` (a file for Wireshark).
            link: a link's name, or ``any``.
            container: look inside this container, at its links and loopback, not at the lab's.
            words: ``arp``, ``icmp``, ``dns``, ``tcp``, ``udp``, ``vxlan`` (one of them must fit),
                ``host=ADDRESS``, ``port=NUMBER`` (each must fit).
            limit: end after so many packets; 0 = none.
            seconds: end after this time; 0 = never.
            rate: at most so many events a second; 0 = the engine's own limit.
            direction: ``in`` or ``out``, as seen from the link; empty: both.

        Returns:
            The answer, unread; close it to end the capture.

        Raises:
            NotFound: no such link or container.
            Conflict: the container does not run.
            InvalidArgument: an unknown word.
        """
        query = {
            "format": form,
            "link": link,
            "container": container or None,
            "filter": ",".join(words) or None,
            "limit": limit or None,
            "seconds": seconds or None,
            "rate": rate or None,
            "direction": direction or None,
        }
        return self.open("GET", "/minidocker/capture", query)

    def capture(self, **what: Any) -> Iterator[Json]:
        """GET /minidocker/capture: yields packets as they travel, decoded; from the first ``next``.

        A dictionary with ``Dropped`` says how many were not shown since the last: too many for the
        rate, or for the kernel's buffer.

        Args:
            what: as for ``capture_stream``.
        """
        with self.capture_stream(**what) as response:
            yield from response.json_lines()

    def capture_pcap(self, **what: Any) -> Iterator[bytes]:
        """GET /minidocker/capture?format=pcap: yields the pieces of a file for Wireshark.

        Args:
            what: as for ``capture_stream``.
        """
        with self.capture_stream(form="pcap", **what) as response:
            yield from response.chunks()
