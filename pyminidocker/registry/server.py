"""The registry itself: it accepts clients, gives each a thread, and counts what they do.

See: docs/decisions/0019; accept(2); flock(2).
"""

import fcntl
import os
import resource
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.registry.connection import Connection
from pyminidocker.registry.endpoints import Endpoints
from pyminidocker.registry.journal import Entry, Journal
from pyminidocker.registry.store import Store

MOST_CONNECTIONS = 512
STACK_BYTES = 512 << 10
TLS_HANDSHAKE_S = 10
BREATH_S = 0.02


@dataclass(frozen=True)
class Settings:
    """How a registry is to be.

    Attributes:
        root: the directory of its content.
        users: name -> password of those who may use it; empty lets everybody.
        read_only: refuse all changes.
        certificate: PEM file with the certificate, for HTTPS; empty for HTTP.
        key: PEM file with its key.
        log_requests: write a line for each request to standard error.
    """

    root: str
    users: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    certificate: str = ""
    key: str = ""
    log_requests: bool = False


class Server:
    """A registry on a listening socket.

    Args:
        settings: how it is to be.
        listener: bound and listening.

    Raises:
        Conflict: another registry has the directory.
        InvalidArgument: the certificate cannot be used.
        OSError: the directory cannot be used.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self.settings = settings
        self.journal = Journal()
        self._listener = listener
        self._tls: ssl.SSLContext | None = None
        if settings.certificate:
            self._tls = _tls(settings.certificate, settings.key)
        if not settings.read_only:
            os.makedirs(f"{settings.root}/.minidocker", exist_ok=True)
            self._lock = _take(f"{settings.root}/.minidocker/lock", settings.root)
        self.store = Store(settings.root, read_only=settings.read_only)
        self._endpoints = Endpoints(self.store, settings.users, read_only=settings.read_only)
        self._slots = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def run(self) -> None:
        """Serve until the listener is closed."""
        threading.stack_size(STACK_BYTES)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two for each connection
        while True:
            self._slots.acquire()  # who comes when all are taken, waits in the kernel's queue
            try:
                sock, address = self._listener.accept()
            except OSError:
                self._slots.release()
                if self._listener.fileno() < 0:
                    return
                time.sleep(BREATH_S)  # no descriptor is free at this moment, or the client is gone
                continue
            thread = threading.Thread(
                target=self._serve, args=(sock, address), name="client", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the machine has no thread to give
                sock.close()
                self._slots.release()
                time.sleep(BREATH_S)

    def close(self) -> None:
        """Stop listening."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        except OSError:
            pass
        self._listener.close()

    def _serve(self, sock: socket.socket, address: tuple[str, int]) -> None:
        try:
            with sock:
                if self._tls is not None:
                    sock.settimeout(TLS_HANDSHAKE_S)
                    sock = self._tls.wrap_socket(sock, server_side=True)
                    sock.settimeout(None)
                client = address[0].removeprefix("::ffff:")
                handle = self._endpoints.handle
                Connection(sock, client, self.journal, handle, self._log).serve()
                sock.close()
        except OSError:  # no TLS, or gone before we could begin
            pass
        finally:
            self._slots.release()

    def _log(self, entry: Entry) -> None:
        if self.settings.log_requests:
            sys.stderr.write(f"{entry.line()}\n")


def _tls(certificate: str, key: str) -> ssl.SSLContext:
    """Return what is needed to speak HTTPS.

    Raises:
        InvalidArgument: the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key or None)
    except OSError as error:
        raise InvalidArgument(
            f"cannot use the certificate {certificate}: {(error.strerror or str(error)).lower()}",
            hint="PEM files: --tls-certificate, and --tls-key when the key is not in it",
        ) from error
    return context


def _take(path: str, root: str) -> int:
    """Be the only one that changes a directory, as long as this process lives.

    Raises:
        Conflict: another process is.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Conflict(
            f"another registry has {root}",
            hint="a second one can serve it too, if it changes nothing: --read-only",
        ) from None
    return lock


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        host: a name or address; ``::`` and an empty string mean all addresses, of IPv4 and IPv6.
        port: 0 takes a free one.

    Raises:
        OSError: it cannot be had.
    """
    everywhere = host in ("", "::")
    family = socket.AF_INET6 if everywhere or ":" in host else socket.AF_INET
    return socket.create_server(
        ("::" if everywhere else host, port),
        family=family,
        backlog=1024,
        dualstack_ipv6=everywhere,
    )
