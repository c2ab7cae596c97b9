"""TLS to registries, and what to say when it fails.

Beside the machine's authorities those count that lie in ``certs.d/<host>[:<port>]/*.crt``, where
Docker looks; ``*.cert`` with ``*.key`` there is what we show of ourselves.

See: docs.docker.com/engine/security/certificates; ssl, ``SSLContext``.
"""

import os
import socket
import ssl
import threading
from collections.abc import Sequence

from pyminidocker.images.registry.failures import Unreachable

HANDSHAKE_S = 10.0


class Tls:
    """Makes TLS of connections.

    Args:
        directories: where ``certs.d`` may be.
    """

    def __init__(self, directories: Sequence[str] = ()) -> None:
        self._directories = directories
        self._lock = threading.Lock()
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def _context(self, host: str, port: int, *, verify: bool) -> ssl.SSLContext:
        name = host if port == 443 else f"{host}:{port}"
        with self._lock:
            context = self._contexts.get((name, verify))
            if context is None:
                context = self._contexts[name, verify] = self._make(name, verify=verify)
        return context

    def _make(self, name: str, *, verify: bool) -> ssl.SSLContext:
        # create_default_context reads all of the machine's authorities, some 20 ms.
        if verify:
            context = ssl.create_default_context()
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        for directory in self._directories:
            place = f"{directory}/{name}"
            for file in sorted(os.listdir(place)) if os.path.isdir(place) else ():
                stem, dot, kind = file.rpartition(".")
                try:
                    if kind == "crt":
                        context.load_verify_locations(f"{place}/{file}")
                    elif kind == "cert" and dot:
                        context.load_cert_chain(f"{place}/{file}", f"{place}/{stem}.key")
                except (OSError, ssl.SSLError) as error:
                    raise Unreachable(
                        f"{place}/{file} cannot be used: {error}",
                        hint="*.crt are authorities; *.cert with *.key of the same name are ours",
                    ) from error
        return context

    def wrap(self, sock: socket.socket, host: str, port: int, *, verify: bool) -> ssl.SSLSocket:
        """Return ``sock`` as a TLS connection to ``host``.

        Raises:
            Unreachable: the certificate is not trusted, or the other side speaks no TLS.
            OSError: the connection broke.
        """
        context = self._context(host, port, verify=verify)
        patience_s = sock.gettimeout()
        sock.settimeout(HANDSHAKE_S)
        try:
            wrapped = context.wrap_socket(sock, server_hostname=host)
            wrapped.settimeout(patience_s)
            return wrapped
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"tls: failed to verify certificate: x509: {error.verify_message}",
                hint=self._trust_hint(host, port, error.verify_message),
            ) from error
        except ssl.SSLError as error:
            if "WRONG_VERSION" in str(error) or "HTTP_REQUEST" in str(error):
                raise Unreachable(
                    "http: server gave HTTP response to HTTPS client",
                    hint=f'to use plain HTTP, add "{host}:{port}" to "insecure-registries" in'
                    " daemon.json",
                ) from error
            raise Unreachable(f"tls: {error.reason or error}") from error

    def _trust_hint(self, host: str, port: int, why: str) -> str:
        if "expired" in why or "not yet valid" in why:
            return "the certificate's dates do not fit this machine's clock: see `date`"
        if "mismatch" in why or "doesn't match" in why:
            return "the certificate is for another name than the one in the image's reference"
        name = host if port == 443 else f"{host}:{port}"
        place = self._directories[0] if self._directories else "certs.d"
        return (
            f"put the registry's CA certificate at {place}/{name}/ca.crt, or add"
            f' "{name}" to "insecure-registries" in daemon.json'
        )
