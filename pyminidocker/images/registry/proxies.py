"""HTTP proxies: which hosts are reached through one, and how it is asked.

As Docker does, ``proxies`` in daemon.json comes before HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the
engine's environment.  Loopback never goes through a proxy.

See: golang.org/x/net/http/httpproxy, whose rules Docker follows; RFC 9110, 9.3.6 (CONNECT).
"""

import ipaddress
import os
import re
import socket
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import h11

from pyminidocker.errors import InvalidArgument
from pyminidocker.images.registry.failures import Unreachable


class Proxy(NamedTuple):
    """A proxy: where it is, and what it wants to hear."""

    host: str
    port: int
    user: str = ""

    def __repr__(self) -> str:
        """Return where it is; the password must not get into a log."""
        return f"<Proxy {self.host}:{self.port}>"

    def headers(self) -> dict[str, str]:
        """Return what every request to it carries."""
        if not self.user:
            return {}
        return {"Proxy-Authorization": f"Basic {b64encode(self.user.encode()).decode()}"}


class Proxies:
    """The rules.

    Args:
        http: the proxy for http URLs, empty for none.
        https: likewise for https.
        exceptions: hosts that are reached directly, separated by commas: ``example.org`` (and
            below it), ``.example.org`` (only below it), addresses, networks, ``host:port``, ``*``.
    """

    def __init__(self, http: str = "", https: str = "", exceptions: str = "") -> None:
        self._proxies = {"http": http, "https": https}
        self._exceptions = [text.strip().lower() for text in exceptions.split(",") if text.strip()]

    @classmethod
    def of_environment(
        cls, given: Mapping[str, str] | None = None, environment: Mapping[str, str] = os.environ
    ) -> "Proxies":
        """Return the rules of daemon.json's ``proxies``, completed from the environment."""
        found = []
        for key in ("http-proxy", "https-proxy", "no-proxy"):
            name = key.replace("-", "_")
            value = environment.get(name.upper()) or environment.get(name) or ""
            found.append((given or {}).get(key) or value)
        return cls(*found)

    def of(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a host; None means directly.

        Raises:
            InvalidArgument: what names the proxy is no URL.
        """
        text = self._proxies.get(scheme, "")
        if not text or self._is_exception(host.lower(), port):
            return None
        parts = urlsplit(text if "://" in text else f"http://{text}")
        try:
            if parts.scheme != "http" or not parts.hostname:
                raise ValueError
            user = unquote(parts.netloc.rpartition("@")[0])
            return Proxy(parts.hostname, parts.port or 80, user)
        except ValueError:
            shown = re.sub("//[^/]*@", "//", text)  # it may hold a password
            raise InvalidArgument(
                f"invalid proxy address {shown!r}: http://[user:password@]host:port is understood",
                hint="see HTTP_PROXY and HTTPS_PROXY in the engine's environment, and daemon.json",
            ) from None

    def _is_exception(self, host: str, port: int) -> bool:
        address = _address(host)
        if host == "localhost" or (address is not None and address.is_loopback):
            return True
        return any(_matches(text, host, port, address) for text in self._exceptions)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _matches(text: str, host: str, port: int, address: _Address | None) -> bool:
    if text == "*":
        return True
    if "/" in text and address is not None:
        try:
            return address in ipaddress.ip_network(text, strict=False)
        except ValueError:
            return False
    name, colon, number = text.rpartition(":")
    if colon and number.isdecimal() and _address(text) is None:
        if int(number) != port:
            return False
        text = name
    if address is not None:
        return _address(text) == address
    text = text.removeprefix("*")
    return (
        host.endswith(text) if text.startswith(".") else host == text or host.endswith(f".{text}")
    )


def tunnel(sock: socket.socket, host: str, port: int, headers: Mapping[str, str]) -> None:
    """Ask a proxy for a connection to ``host``.

    Raises:
        Unreachable: it refuses.
    """
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    protocol = h11.Connection(h11.CLIENT)
    lines = [("Host", name), *headers.items()]
    sock.sendall(protocol.send(h11.Request(method="CONNECT", target=name, headers=lines)) or b"")
    sock.sendall(protocol.send(h11.EndOfMessage()) or b"")
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(sock.recv(65536))
        elif type(event) is h11.Response:
            if event.status_code == 200:
                return
            why = event.reason.decode("latin-1") or str(event.status_code)
            raise Unreachable(
                f"the proxy refuses to connect to {name}: {event.status_code} {why}",
                hint="see HTTPS_PROXY and NO_PROXY in the engine's environment",
            )
        elif type(event) is not h11.InformationalResponse:
            raise Unreachable(f"the proxy hung up when asked to connect to {name}")
