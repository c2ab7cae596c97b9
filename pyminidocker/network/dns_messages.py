"""DNS messages: what is asked, and the answers that come out of a table of names.

dnspython takes messages apart and puts them together.  It costs 27 ms and 5 MiB, so this module is
imported only once a container is on a user-defined network.

See: RFC 1035 section 4, RFC 6891 (EDNS), RFC 2308 section 2 (no such name, no such data).
"""

from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

PLAIN_UDP_BYTES = 512  # what an asker without EDNS can take (RFC 1035 section 4.2.1)
# Docker's (libnetwork/resolver.go).
TTL_S = 600
A, AAAA, PTR = 1, 28, 12


class Question:
    """A query that was read.

    Attributes:
        name: what is asked for, in lower case, without the last dot; empty for the root.
        kind: ``A``, ``AAAA``, ``PTR`` or another type's number.
        address: of a PTR question, the address that a name is wanted for; else empty.
        udp_bytes: the longest answer the asker takes by UDP.
    """

    __slots__ = ("_query", "_question", "address", "kind", "name", "udp_bytes")

    def __init__(self, query: dns.message.Message) -> None:
        self._query = query
        self._question = query.question[0]
        self.name = self._question.name.to_text(omit_final_dot=True).lower()
        if self.name == ".":
            self.name = ""
        self.kind = int(self._question.rdtype)
        self.address = _address(self._question.name) if self.kind == PTR else ""
        self.udp_bytes = max(PLAIN_UDP_BYTES, query.payload) if query.edns >= 0 else PLAIN_UDP_BYTES

    def answer(self, texts: Sequence[str], *, limit_bytes: int = 65535) -> bytes:
        """Return the answer: records of the type asked for, or none ("there is no such data").

        An answer that is too long is cut to nothing and says so, and the asker asks again by TCP.

        Args:
            texts: addresses for A and AAAA, names for PTR; empty for a name without such data.
            limit_bytes: the longest answer.
        """
        response = dns.message.make_response(self._query, recursion_available=True)
        if texts:
            records = [_record(self.kind, text) for text in texts]
            response.answer.append(dns.rrset.from_rdata_list(self._question.name, TTL_S, records))
        try:
            return response.to_wire(max_size=limit_bytes)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()

    def refusal(self, rcode: int) -> bytes:
        """Return the answer that is only a reason: SERVFAIL, NXDOMAIN, REFUSED ..."""
        response = dns.message.make_response(self._query, recursion_available=True)
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response.to_wire()


def read(data: bytes) -> Question | None:
    """Take a query apart; None for what is not one question of class IN, and for rubbish."""
    try:
        query = dns.message.from_wire(data, ignore_trailing=True)
        if (
            query.flags & dns.flags.QR
            or query.opcode() != dns.opcode.QUERY
            or len(query.question) != 1
            or query.question[0].rdclass != dns.rdataclass.IN
        ):
            return None
        return Question(query)
    except (dns.exception.DNSException, ValueError):
        return None


def query(name: str, kind: int) -> bytes:
    """Return a query for a name, with a random id."""
    return dns.message.make_query(dns.name.from_text(name), dns.rdatatype.RdataType(kind)).to_wire()


def read_answer(data: bytes) -> list[str] | None:
    """Return the addresses or names in an answer; None for "no such name", errors and rubbish."""
    try:
        answer = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError):
        return None
    if not answer.flags & dns.flags.QR or answer.rcode() != dns.rcode.NOERROR:
        return None
    return [record.to_text().removesuffix(".") for rrset in answer.answer for record in rrset]


def _address(name: dns.name.Name) -> str:
    """Return the address in 2.0.18.172.in-addr.arpa or its like of IPv6; empty if it is none."""
    try:
        return dns.reversename.to_address(name)
    except (dns.exception.DNSException, ValueError):
        return ""


def _record(kind: int, text: str) -> dns.rdata.Rdata:
    if kind == PTR:
        text += "."  # a whole name, not one to be completed
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.RdataType(kind), text)
