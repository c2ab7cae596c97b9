"""Trials: links and packet filter inside a lab's network, and the way to the outside."""

from __future__ import annotations

import os
import select
import socket
import struct

from pyminidocker.doctor.findings import LIMITED, OK, Finding
from pyminidocker.doctor.trial import enter_lab, finding, read_text, untried
from pyminidocker.kernel import probe
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.netlink import replay

_HEADER = struct.Struct("=IHHII")
_RTM_NEWLINK = 16
_NFT_GETGEN = (10 << 8) | 16
_REQUEST, _ACK, _EXCL, _CREATE = 0x1, 0x4, 0x200, 0x400
_IFNAME, _LINKINFO, _INFO_KIND = 3, 18, 1
_NETFILTER = 12
_ANSWER_S = 1.5


def _attribute(kind: int, payload: bytes) -> bytes:
    data = struct.pack("=HH", len(payload) + 4, kind) + payload
    return data + bytes(-len(data) % 4)


def new_link(name: str, kind: str) -> bytes:
    """Return the rtnetlink request that makes a link (rtnetlink(7), RTM_NEWLINK)."""
    info = _attribute(_INFO_KIND, kind.encode())
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    body += _attribute(_IFNAME, name.encode() + b"\0") + _attribute(_LINKINFO, info)
    flags = _REQUEST | _ACK | _EXCL | _CREATE
    return _HEADER.pack(_HEADER.size + len(body), _RTM_NEWLINK, flags, 1, 0) + body


def _packet_filter() -> None:
    """Ask nf_tables for its generation: the cheapest question that shows it is there."""
    message = _HEADER.pack(_HEADER.size + 4, _NFT_GETGEN, _REQUEST | _ACK, 1, 0) + bytes(4)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as link:
            link.bind((0, 0))
            link.send(message)
            _, kind, *_rest = _HEADER.unpack_from(answer := link.recv(4096))
    except OSError as error:
        raise SyscallError("nf_tables", error.errno or 0) from error
    if kind == 2:  # NLMSG_ERROR
        code = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        if code:
            raise SyscallError("nf_tables", code)


def bridges(*, userns: bool) -> Finding:
    """Make a bridge and a pair of virtual cables in a new network."""
    title, lessons = "Bridge network", ["07", "08", "10", "15"]
    if not userns:
        return untried("bridge", title, lessons=lessons)

    def act() -> str:
        enter_lab(CLONE_NEWNET)
        replay([new_link("doctor0", "bridge"), new_link("doctor1", "veth")])
        return "bridges and virtual cables can be made"

    return finding(
        probe.try_in_child(act), "bridge", title,
        meaning="containers run with --network none only", lessons=lessons,
        remedy="sudo modprobe bridge veth",
    )  # fmt: skip


def packet_filter(*, userns: bool) -> Finding:
    """Talk to nf_tables in a new network."""
    title, lessons = "Packet filter", ["07", "08", "10", "15"]
    if not userns:
        return untried("nftables", title, lessons=lessons)

    def act() -> str:
        enter_lab(CLONE_NEWNET)
        _packet_filter()
        return "nf_tables answers inside a new network"

    return finding(
        probe.try_in_child(act), "nftables", title,
        meaning="containers reach each other, and ports of this machine can be published; no way to"
        " the outside, no isolation between networks", lessons=lessons, otherwise=LIMITED,
        remedy="sudo modprobe -a nf_tables nft_chain_nat nft_nat nft_masq nft_redir nft_fib_inet",
    )  # fmt: skip


def resolvers() -> list[str]:
    """Return the name servers of /etc/resolv.conf."""
    lines = [line.split() for line in read_text("/etc/resolv.conf").splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def ask(server: str) -> str:
    """Send a name server a question (the root's name servers); return "" or what went wrong."""
    question = struct.pack("!HHHHHH", os.getpid() & 0xFFFF, 0x0100, 1, 0, 0, 0)
    question += b"\0" + struct.pack("!HH", 2, 1)  # the root, NS, IN
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as link:
            link.connect((server, 53))
            link.send(question)
            if not select.select([link], [], [], _ANSWER_S)[0]:
                return f"{server} does not answer"
            link.recv(4096)
    except OSError as error:
        return f"{server}: {error.strerror or error}"
    return ""


def egress() -> Finding:
    """See whether this host itself can reach a name server."""
    title = "Way to the outside"
    meaning = "no downloads from inside containers (pip install, wget); the lessons need none"
    servers = resolvers()
    problems = [ask(server) for server in servers[:3]]
    if "" in problems:
        return Finding(
            "egress", title, OK, f"the name server {servers[problems.index('')]} answers"
        )
    detail = problems[0] if problems else "no name server in /etc/resolv.conf"
    return Finding(
        "egress", title, LIMITED, detail, meaning=meaning, lessons=["07", "10"],
        remedy="put a reachable name server into /etc/resolv.conf, if this host has a network",
    )  # fmt: skip
