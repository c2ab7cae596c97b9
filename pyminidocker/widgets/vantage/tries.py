"""Really trying: from a container, from the lab host, or from the machine itself.

In a container whatever is there is used: busybox's ``nc`` and ``ping``, or Python.  What the kernel
answered is kept in its own words and put into one of a few reasons.

See: connect(2) "ERRORS"; getaddrinfo(3).
"""

import re
import socket
from dataclasses import dataclass
from typing import Any, Protocol

from pyminidocker.errors import InvalidArgument, MiniDockerError

REACHED, REFUSED, SILENT = "reached", "refused", "no answer"
NO_NAME, UNREACHABLE, FAILED = "no such name", "unreachable", "failed"
REASONS = {
    REACHED: "somebody answered",
    REFUSED: "the packet arrived, but nobody listens there",
    SILENT: "no answer came back before the time was over",
    NO_NAME: "the name does not lead to an address",
    UNREACHABLE: "no way there: a host on the way said so, or there is no route",
    FAILED: "it could not be tried",
}
TIMEOUT_S = 2
_REQUEST = "GET / HTTP/1.0\\r\\n\\r\\n"
_PYTHON = """
import socket, sys
host, port, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
try:
    with socket.create_connection((host, port), limit) as there:
        there.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        answer = b""
        try:
            while piece := there.recv(4096):
                answer += piece
        except OSError:
            pass
    sys.stdout.buffer.write(answer)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""
_SIGNS = (
    (REFUSED, r"connection refused"),
    (NO_NAME, r"bad address|name or service|name resolution|not resolve|no address|unknown host"),
    (UNREACHABLE, r"(network|host|net) (is )?unreachable|no route to host|prohibited"),
    (SILENT, r"timed out|timeout|terminated|100% packet loss"),
)


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one attempt.

    Args:
        reason: one of ``REASONS``.
        said: the first line of what answered, "" when it said nothing.
        words: the error as the program or the kernel put it.
        asked: (source ip, port, destination ip, port) of our socket, when it was ours.
    """

    reason: str
    said: str = ""
    words: str = ""
    asked: tuple[str, int, str, int] | None = None

    @property
    def reached(self) -> bool:
        """Somebody answered."""
        return self.reason == REACHED


@dataclass(frozen=True, slots=True)
class Target:
    """What to reach.

    Args:
        host: a name or an address.
        port: 0: ping it.
        label: what to call it; "" is as it is written.
    """

    host: str
    port: int = 0
    label: str = ""

    @classmethod
    def of(cls, text: str) -> "Target":
        """Read ``web:80``, ``172.17.0.2:80``, ``[fd00::2]:80`` or, to ping, ``web``.

        Raises:
            InvalidArgument: it is none of these.
        """
        match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})", text)
        if match:
            return cls(match[1] or match[2], int(match[3]))
        if text and not re.search(r"\s", text):
            return cls(text.strip("[]"))
        raise InvalidArgument(
            f"not something to reach: {text!r}", hint='NAME:PORT or ADDRESS:PORT, e.g. "web:80"'
        )

    def __str__(self) -> str:
        if self.label:
            return self.label
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Vantage(Protocol):
    """A place from which to try."""

    label: str

    def attempt(self, target: Target) -> Try:
        """Try to reach ``target``."""


def reason_of(text: str) -> str:
    """Return the reason behind an error text."""
    low = text.lower()
    return next((reason for reason, signs in _SIGNS if re.search(signs, low)), FAILED)


def first_words(answer: str) -> str:
    """Return the first line of a page (or of whatever else answered), shortened."""
    body = answer.partition("\r\n\r\n")[2] or answer
    text = re.sub(r"<[^>]*>", " ", body)
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line[:60]


class Machine:
    """The real machine, this notebook."""

    label = "the machine"

    def attempt(self, target: Target) -> Try:
        """Connect with a socket of our own; pinging needs rights that a notebook lacks."""
        if not target.port:
            return Try(FAILED, words="ping from the machine: name a port instead")
        asked = None
        try:
            with socket.create_connection((target.host, target.port), TIMEOUT_S) as there:
                ours, theirs = there.getsockname(), there.getpeername()
                asked = (ours[0], ours[1], theirs[0], theirs[1])
                there.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = _read_all(there)
        except OSError as error:
            return Try(reason_of(str(error)), words=str(error), asked=asked)
        said = first_words(answer.decode("utf-8", "replace"))
        if not answer:  # a proxy accepted it, but nobody behind it did
            return Try(REFUSED, words="closed without a word", asked=asked)
        return Try(REACHED, said, asked=asked)


def _read_all(there: socket.socket) -> bytes:
    answer = b""
    try:
        while len(answer) < 65536 and (piece := there.recv(4096)):
            answer += piece
    except OSError:
        pass  # what came so far is the answer
    return answer


class InContainer:
    """A running container.

    Args:
        container: of the client.
        label: what to call it; its name by default.
    """

    def __init__(self, container: Any, label: str = "") -> None:
        self.container = container
        self.label = label or container.name
        self._tools: frozenset[str] | None = None

    def attempt(self, target: Target) -> Try:
        """Try with what the container has."""
        command = self._command(target)
        if command is None:
            need = "ping" if not target.port else "nc or python3"
            return Try(FAILED, words=f"the container has no {need}")
        try:
            result = self.container.exec(command)
        except MiniDockerError as error:
            return Try(FAILED, words=str(error))
        return _judge(result, is_ping=not target.port)

    def _command(self, target: Target) -> list[str] | None:
        tools = self._find_tools()
        if not target.port:
            ping = ["ping", "-c", "1", "-W", str(TIMEOUT_S), target.host]
            return ping if "ping" in tools else None
        if "nc" in tools:
            script = f'printf \'{_REQUEST}\' | timeout {TIMEOUT_S + 1} nc -w {TIMEOUT_S} "$0" "$1"'
            return ["sh", "-c", script, target.host, str(target.port)]
        for python in ("python3", "python"):
            if python in tools:
                return [python, "-c", _PYTHON, target.host, str(target.port), str(TIMEOUT_S)]
        return None

    def _find_tools(self) -> frozenset[str]:
        if self._tools is None:
            look = "for tool in ping nc timeout python3 python; do command -v $tool; done; true"
            try:
                found = str(self.container.exec(["sh", "-c", look]).stdout)
                self._tools = frozenset(line.rpartition("/")[2] for line in found.split())
            except MiniDockerError:  # no shell: then it is an image made for one program
                self._tools = frozenset({"python3"})
        return self._tools


class LabHost:
    """The lab host itself: a short-lived container in its network namespace.

    Args:
        engine: of the client.
        image: with ``nc`` or Python.
        label: what to call it.
    """

    def __init__(self, engine: Any, *, image: str = "busybox", label: str = "lab host") -> None:
        self.engine, self.image, self.label = engine, image, label

    def attempt(self, target: Target) -> Try:
        """Try from a container that is removed afterwards."""
        guest = self.engine.run(
            self.image, ["sleep", "60"], detach=True, network="host", auto_remove=True
        )
        try:
            return InContainer(guest).attempt(target)
        finally:
            guest.remove(force=True)


def _judge(result: Any, *, is_ping: bool) -> Try:
    out, err = str(result.stdout), str(result.stderr)
    if is_ping:
        if result.exit_code == 0:
            return Try(REACHED)
        lines = (err.strip() or out.strip() or "no answer").splitlines()
        return Try(reason_of(err + out), words=lines[-1])
    if out or result.exit_code == 0:
        return Try(REACHED, first_words(out))
    lines = err.strip().splitlines()
    return Try(reason_of(err), words=lines[-1] if lines else "no answer")
