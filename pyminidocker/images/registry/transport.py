"""HTTP requests over sockets that somebody else connects: the pool, proxies, redirects.

Everything blocks; one client is shared by the threads of one transfer, and ``abort`` frees them
all.

See: RFC 9110, 15.4 (Redirection).
"""

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import h11

from pyminidocker.images.registry.exchange import (
    Body,
    Connection,
    Headers,
    Response,
    error_text,
    exchange,
)
from pyminidocker.images.registry.failures import Broken, Unreachable
from pyminidocker.images.registry.proxies import Proxies, tunnel
from pyminidocker.images.registry.urls import authority, following, origin

if TYPE_CHECKING:
    from pyminidocker.images.registry.tls import Tls

__all__ = ["Dial", "HttpClient", "Response"]

Dial = Callable[[str, int], socket.socket]

SILENCE_S = 60.0
MAX_REDIRECTS = 10
_SAFE = ("GET", "HEAD")


class HttpClient:
    """Makes requests and keeps connections until ``close``.

    Args:
        dial: connects to a host and port of the real network; raises OSError.
        proxies: which hosts are reached through a proxy.
        certificates: directories that hold ``<host>/*.crt``; see ``tls``.
        agent: the User-Agent.
    """

    def __init__(
        self,
        dial: Dial,
        proxies: Proxies | None = None,
        certificates: Sequence[str] = (),
        agent: str = "minidocker",
    ) -> None:
        self._dial = dial
        self._proxies = proxies or Proxies()
        self._certificates = certificates
        self._tls: Tls | None = None
        self._agent = agent
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._is_aborted = False
        self._may_enter = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up everywhere."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def abort(self) -> None:
        """End what is under way: threads that wait for the network get an error at once."""
        with self._lock:
            self._is_aborted = True
            for connection in self._busy:
                connection.interrupt()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def resume(self) -> None:
        """Make an aborted client usable again."""
        with self._lock:
            self._is_aborted = False

    # -- connections --------------------------------------------------------------------------

    def _connect(
        self, scheme: str, host: str, port: int, *, verify: bool, is_named: bool
    ) -> Connection:
        proxy = self._proxies.of(scheme, host, port)
        target = (proxy.host, proxy.port) if proxy else (host, port)
        try:
            sock = self._dial(*target)
        except OSError as error:
            how = f"proxyconnect tcp: {error_text(error)}" if proxy else error_text(error)
            raise Unreachable(how, errno=error.errno or 0) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(SILENCE_S)
        connection = Connection(sock, (scheme, host, port, verify))
        try:
            if proxy is None:
                self._check_place(sock, host, is_named=is_named)
            if proxy and scheme == "http":
                connection.absolute = f"http://{authority(scheme, host, port)}"
                connection.proxy_headers = proxy.headers()
            elif proxy:
                tunnel(sock, host, port, proxy.headers())
            if scheme == "https":
                connection.socket = self._secure(sock, host, port, verify=verify)
        except BaseException:
            sock.close()
            raise
        return connection

    def _check_place(self, sock: socket.socket, host: str, *, is_named: bool) -> None:
        """Make sure that no server sends us to what only this machine can reach.

        Behind loopback and link-local addresses are services that trust whoever gets there: other
        engines, the cloud's metadata.  A token server of that kind would give a registry far away
        what it is answered.  The address counts, not the name: anybody's name may point here.

        Raises:
            Unreachable: it was not the user who named the host, nor any other one in there.
        """
        address = ip_address(sock.getpeername()[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if not (address.is_loopback or address.is_link_local):
            return
        if is_named:
            self._may_enter = True
        elif not self._may_enter:
            raise Unreachable(
                f"a server elsewhere sent us to {host}, which is {address}: refused",
                hint="only servers on this machine may point to others on it",
            )

    def _secure(self, sock: socket.socket, host: str, port: int, *, verify: bool) -> socket.socket:
        # Only now: OpenSSL's TLS half is some megabytes, and loopback needs none of it.
        from pyminidocker.images.registry.tls import Tls

        with self._lock:
            if self._tls is None:
                self._tls = Tls(self._certificates)
        return self._tls.wrap(sock, host, port, verify=verify)

    def _borrow(
        self, scheme: str, host: str, port: int, *, verify: bool, is_named: bool
    ) -> Connection:
        key = (scheme, host, port, verify)
        with self._lock:
            found = next((one for one in reversed(self._idle) if one.key == key), None)
            if found is not None:
                self._idle.remove(found)
                found.is_fresh = False
        connection = found or self._connect(scheme, host, port, verify=verify, is_named=is_named)
        with self._lock:
            self._busy.add(connection)
            if self._is_aborted:
                connection.interrupt()
        return connection

    def _give_back(self, connection: Connection, is_usable: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            if is_usable and not self._is_aborted:
                self._idle.append(connection)
                return
        connection.close()

    # -- requests -----------------------------------------------------------------------------

    def get(self, url: str, headers: Headers | None = None, *, is_named: bool = True) -> Response:
        """GET ``url`` and follow redirects; arguments and errors as for ``request``."""
        return self.request("GET", url, headers, is_named=is_named)

    def request(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        body: Body | None = None,
        *,
        length: int | None = None,
        verify: bool = True,
        is_named: bool = True,
    ) -> Response:
        """Make a request; redirects of GET and HEAD are followed.

        Any status but those is an answer.

        Args:
            method: HTTP method.
            url: absolute.
            headers: on top of Host, User-Agent and the body's length.
            body: bytes, or pieces.
            length: of a body that comes in pieces; None sends it chunked.
            verify: https only: check the server's certificate.
            is_named: the user named this host; a server's word leads nowhere on this machine.

        Raises:
            Unreachable: no connection can be made, or none may be; says why.
            Broken: the URL is not http or https; the connection ended before the answer came.
        """
        sent = dict(headers or {})
        for _ in range(MAX_REDIRECTS):
            response = self._once(method, url, sent, body, length, verify=verify, is_named=is_named)
            location = response.headers.get("location", "")
            if method not in _SAFE or response.status not in (301, 302, 303, 307, 308):
                return response
            response.close()
            there = following(url, location)
            if origin(there) != origin(url):
                # What lets us into the registry is none of its storage's business.
                sent = {k: v for k, v in sent.items() if k.lower() != "authorization"}
                is_named = False
            url = there
        raise Broken(f"{url}: stopped after {MAX_REDIRECTS} redirects")

    def _once(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: Body | None,
        length: int | None,
        *,
        verify: bool,
        is_named: bool,
    ) -> Response:
        scheme, host, port = origin(url)
        headers = {"User-Agent": self._agent, **headers}
        while True:
            connection = self._borrow(scheme, host, port, verify=verify, is_named=is_named)
            try:
                return exchange(connection, method, url, headers, body, length, self._give_back)
            except (OSError, h11.ProtocolError, Broken) as error:
                self._give_back(connection, False)
                # A kept connection may have been closed by the server at any time.
                is_repeatable = body is None or isinstance(body, bytes)
                if connection.is_fresh or not is_repeatable or self._is_aborted:
                    raise Broken(f'{method.capitalize()} "{url}": {error_text(error)}') from error
            except BaseException:
                self._give_back(connection, False)
                raise
