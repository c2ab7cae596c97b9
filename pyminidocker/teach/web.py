"""A page that a container serves: fetched by this machine, shown as it came, told as text.

The page is shown in a frame of its own, without scripts and without leave to load anything, so that
nothing in it can touch the notebook.
"""

from __future__ import annotations

import http.client
import re
import socket
import time
from dataclasses import dataclass
from html import escape, unescape

from pyminidocker.errors import NotFound, Unavailable

PATIENCE_S = 10.0  # for a server that is starting
_HEIGHT_PX = 170


@dataclass(frozen=True)
class Page:
    """An answer of a web server.

    Attributes:
        status: HTTP's number for how it went: 200 is success, 500 the server's failure.
        body: what came, HTML or plain text.
    """

    status: int
    body: str

    @property
    def text(self) -> str:
        """The words on the page, a line for each heading and paragraph."""
        marked = re.sub(r"(?s)<(title|style|script)\b.*?</\1>|<!.*?>", "", self.body)
        plain = unescape(re.sub(r"<[^>]*>", "", marked))
        lines = (" ".join(line.split()) for line in plain.splitlines())
        return "\n".join(line for line in lines if line)

    def value(self, name: str) -> str:
        """Return what stands behind ``name:`` on the page.

        Raises:
            NotFound: nothing does.
        """
        for line in self.text.splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
        raise NotFound(f"the page says nothing about {name!r}", hint="print(page) shows it")

    def __str__(self) -> str:
        return "\n".join([f"HTTP {self.status}", *(f"  {x}" for x in self.text.splitlines())])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        frame = (
            f'<iframe title="The page, HTTP {self.status}" srcdoc="{escape(self.body)}" sandbox="" '
            f'style="width:100%;max-width:52em;height:{_HEIGHT_PX}px;border:1px solid #78909c;'
            'border-radius:6px;background:#ffffff"></iframe>'
        )
        return {"text/plain": str(self), "text/html": f"<p>HTTP {self.status}</p>{frame}"}


def fetch(port: int, path: str = "/", *, host: str = "127.0.0.1") -> Page:
    """Return the page behind a port of this machine; a server that is starting is waited for.

    Args:
        port: of this machine.
        path: which page.
        host: this machine's address.

    Raises:
        Unavailable: nobody answers.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        line = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return Page(answer.status, answer.read().decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() > end:
                raise Unavailable(
                    f"nobody answers at port {port} of this machine: {error!r}",
                    hint="does the container run, and is its port published?",
                ) from error
        finally:
            line.close()
        time.sleep(0.02)


def free_port(wanted: int, *, tries: int = 200) -> int:
    """Return ``wanted`` when nobody has that port of this machine, or the next one that is free.

    Several learners may share a machine, and its ports with it.

    Raises:
        NotFound: all of ``tries`` ports are taken.
    """
    for port in range(wanted, wanted + tries):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise NotFound(f"the ports from {wanted} to {wanted + tries - 1} are all taken")
