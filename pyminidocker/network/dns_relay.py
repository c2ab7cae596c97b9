"""DNS relay: asks the real host's resolvers on behalf of the lab.

Containers find the bridge's address as ``nameserver`` in /etc/resolv.conf.  Queries arriving there
are sent on, unread, to the servers of the host's own /etc/resolv.conf; answers go back the same way.  Only
the 16-bit query id is replaced on the way (RFC 1035 section 4.1.1), so that answers find their asker.
Without any server, or when none answers, the asker is told SERVFAIL at once or after the time-out.
"""


def host_resolvers(path: str = "/etc/resolv.conf") -> list[str]:
    """Return the IPv4/IPv6 ``nameserver`` addresses of a resolv.conf(5), in order, at most three."""
    raise NotImplementedError


def servfail(query: bytes) -> bytes:
    """Return the SERVFAIL response to ``query`` (RFC 1035 section 4.1.1, RCODE 2); b"" if too short."""
    raise NotImplementedError
