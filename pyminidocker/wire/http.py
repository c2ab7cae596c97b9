"""One HTTP/1.1 connection, seen from the server, without any input or output.

Bytes go in, events come out; answers go in, bytes come out.  h11 keeps the protocol's rules; this
module adds what Docker's API needs and HTTP frameworks refuse: handing the connection over to a
process (``101 UPGRADED``, or the old bare ``200`` without framing), with the bytes that the client
sent ahead.

See: RFC 9112; Docker Engine API, "Attach to a container", hijacking.
"""


class ServerConnection:
    """The server's side of one connection (signatures settle first; see below)."""
