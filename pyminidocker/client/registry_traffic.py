"""What went over a registry's wire: its requests, and bytes of content by kind of request."""

from __future__ import annotations

import re
from typing import Any

from pyminidocker.client.table import Table, html_table, text_table
from pyminidocker.units import human_size

_HEADER = ("REQUESTS", "COUNT", "PUSHED", "PULLED")
# (method, kind) -> what people call it; the others are called by method and kind.
_WORDS = {
    ("GET", "blob"): "blobs fetched",
    ("GET", "manifest"): "manifests fetched",
    ("HEAD", "blob"): "is that blob there?",
    ("HEAD", "manifest"): "is that manifest there?",
    ("PATCH", "upload"): "blobs, in pieces",
    ("POST", "mount"): "blobs lent by another repository",
    ("POST", "upload"): "uploads begun",
    ("PUT", "manifest"): "manifests stored",
    ("PUT", "upload"): "blobs completed",
}


class Traffic:
    """Bytes of content by kind of request; heads and lines of HTTP do not count.

    Attributes:
        rows: Method, Kind, Requests, Received, Sent.
        requests: each of them, when it was counted over a block.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.requests = requests_table([])

    @property
    def pushed_bytes(self) -> int:
        """Bytes that went into the registry."""
        return sum(row["Received"] for row in self.rows)

    @property
    def pulled_bytes(self) -> int:
        """Bytes that came out of the registry."""
        return sum(row["Sent"] for row in self.rows)

    @property
    def count(self) -> int:
        """How many requests there were."""
        return sum(row["Requests"] for row in self.rows)

    @property
    def mounts(self) -> int:
        """How many blobs one repository lent another."""
        return sum(row["Requests"] for row in self.rows if row["Kind"] == "mount")

    def __sub__(self, earlier: Traffic) -> Traffic:
        """Return what came after ``earlier``."""
        known = {(row["Method"], row["Kind"]): row for row in earlier.rows}
        rows = []
        for row in self.rows:
            was = known.get((row["Method"], row["Kind"]), {})
            counts = {name: row[name] - was.get(name, 0) for name in _COUNTED}
            if counts["Requests"]:
                rows.append({**row, **counts})
        return Traffic(rows)

    def become(self, other: Traffic) -> None:
        """Take over another's figures."""
        self.rows = other.rows

    def _cells(self) -> list[list[str]]:
        lines = [
            [
                _WORDS.get((row["Method"], row["Kind"]), f"{row['Method']} {row['Kind']}"),
                str(row["Requests"]),
                human_size(row["Received"]),
                human_size(row["Sent"]),
            ]
            for row in self.rows
        ]
        total = [human_size(self.pushed_bytes), human_size(self.pulled_bytes)]
        return [*lines, ["total", str(self.count), *total]]

    def __repr__(self) -> str:
        return text_table(_HEADER, self._cells())

    def _repr_html_(self) -> str:
        return html_table(_HEADER, self._cells())


_COUNTED = ("Requests", "Received", "Sent")


def requests_table(entries: list[dict[str, Any]]) -> Table[dict[str, Any]]:
    """Return requests as a table, oldest first."""
    return Table(
        entries,
        [
            ("METHOD", lambda one: str(one["Method"])),
            ("PATH", lambda one: shortened(one["Path"])),
            ("STATUS", lambda one: str(one["Status"])),
            ("PUSHED", lambda one: human_size(one["Received"])),
            ("PULLED", lambda one: human_size(one["Sent"])),
        ],
    )


def shortened(path: str) -> str:
    """Return a request's path with digests and sessions cut to twelve digits."""
    path = re.sub(r"(sha256(?::|%3A)[0-9a-f]{12})[0-9a-f]{52}", r"\1", path)
    return re.sub(r"([0-9a-f]{8}-[0-9a-f]{3})[0-9a-f-]{24}", r"\1", path)
