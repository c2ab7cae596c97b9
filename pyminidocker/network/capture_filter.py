"""What to capture, as a program that the kernel runs on every packet: classic BPF.

Words become a handful of comparisons; what does not fit is thrown away before it is copied.  The
program is written relative to the network header (``SKF_NET_OFF``), so it is the same on links with
and without an Ethernet header.

    arp icmp dns tcp udp vxlan      one of those named must fit
    host=ADDRESS port=NUMBER        each must fit

See: Linux Documentation/networking/filter.rst; linux/filter.h for the ancillary loads.
"""

import struct
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

from pyminidocker.errors import InvalidArgument
from pyminidocker.units import whole_number

KINDS = ("arp", "icmp", "dns", "tcp", "udp", "vxlan")
DIRECTIONS = ("", "in", "out")
HINT = "words: arp, icmp, dns, tcp, udp, vxlan, host=ADDRESS, port=NUMBER"

_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter: code, jump if true, if false, constant
LD_W, LD_H, LD_B = 0x20, 0x28, 0x30  # A = packet[k]
LD_H_X = 0x48  # A = packet[X + k], 16 bits
LDX_HEADER = 0xB1  # X = 4 * (packet[k] & 15): the length of an IPv4 header
JEQ, JSET = 0x15, 0x45
RET = 0x06
_ANCILLARY = 0xFFFFF000  # SKF_AD_OFF
_NETWORK = 0xFFF00000  # SKF_NET_OFF
_PROTOCOL, _PKTTYPE, _IFINDEX = _ANCILLARY, _ANCILLARY + 4, _ANCILLARY + 8
PACKET_OUTGOING = 4
LOOPBACK_INDEX = 1
_IP, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_EMBEDDED_DNS = 0x7F00000B  # 127.0.0.11: its port 53 is redirected before the packet reaches lo
_ACCEPT, _REJECT = "accept", "reject"


class Assembler:
    """Collects instructions whose jumps name labels; BPF jumps forwards only."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, str, str]] = []
        self._labels: dict[str, int] = {}
        self._fresh = 0

    def label(self, name: str) -> None:
        """Say that the next instruction is ``name``."""
        self._labels[name] = len(self._code)

    def fresh(self) -> str:
        """Return a label nobody has used."""
        self._fresh += 1
        return f"l{self._fresh}"

    def add(self, code: int, constant: int) -> None:
        """Add an instruction without jump."""
        self._code.append((code, constant, "", ""))

    def when(self, constant: int, then: str = "", otherwise: str = "", code: int = JEQ) -> None:
        """Compare A with ``constant``; an empty label goes on with the next instruction."""
        self._code.append((code, constant, then, otherwise))

    def assemble(self) -> bytes:
        """Return the program as ``struct sock_filter[]``."""
        words = []
        for place, (code, constant, then, otherwise) in enumerate(self._code):
            jumps = [self._labels[name] - place - 1 if name else 0 for name in (then, otherwise)]
            words.append(_INSTRUCTION.pack(code, *jumps, constant & 0xFFFFFFFF))
        return b"".join(words)


def compile_filter(words: Sequence[str], direction: str = "", snap_bytes: int = 0x40000) -> bytes:
    """Return the program for these words.

    Args:
        words: as in this module's text; none lets everything through.
        direction: ``in``, ``out`` or empty.
        snap_bytes: how much to copy of a packet.

    Raises:
        InvalidArgument: an unknown word, no address, or no port.
    """
    kinds = [word for word in words if word in KINDS]
    others = [word.partition("=") for word in words if word not in KINDS]
    if direction not in DIRECTIONS:
        raise InvalidArgument(f"invalid direction {direction!r}", hint="in, out, or nothing")
    program = Assembler()
    _no_echo(program)
    if direction:
        program.add(LD_W, _PKTTYPE)
        outwards = ("", _REJECT) if direction == "out" else (_REJECT, "")
        program.when(PACKET_OUTGOING, *outwards)
    for name, _, value in others:
        if name == "host":
            _host(program, value)
        elif name == "port":
            _port(program, [_port_number(value)], (_TCP, _UDP))
        else:
            raise InvalidArgument(f"invalid filter word {name!r}", hint=HINT)
    for kind in kinds:
        missed = program.fresh()
        _kind(program, kind, missed)
        program.label(missed)
    program.add(RET, 0 if kinds else snap_bytes)
    program.label(_ACCEPT)
    program.add(RET, snap_bytes)
    program.label(_REJECT)
    program.add(RET, 0)
    return program.assemble()


def _port_number(text: str) -> int:
    number = whole_number(text)
    if not 0 < number < 65536:
        raise InvalidArgument(f"invalid port {text!r} in the filter", hint="1 to 65535")
    return number


def _no_echo(program: Assembler) -> None:
    """Leave out what goes out by lo: the same packet comes in there at once."""
    done = program.fresh()
    program.add(LD_W, _IFINDEX)
    program.when(LOOPBACK_INDEX, "", done)
    program.add(LD_W, _PKTTYPE)
    program.when(PACKET_OUTGOING, _REJECT, done)
    program.label(done)


def _kind(program: Assembler, kind: str, missed: str) -> None:
    """Accept packets of a kind, and go to ``missed`` with the others."""
    if kind == "arp":
        program.add(LD_W, _PROTOCOL)
        program.when(_ARP, _ACCEPT, missed)
    elif kind == "dns":
        other = program.fresh()
        _ports(program, [53, 5353], (_UDP, _TCP), found=_ACCEPT, missed=other)
        program.label(other)
        program.add(LD_W, _PROTOCOL)
        program.when(_IP, "", missed)
        for offset in (12, 16):
            program.add(LD_W, _NETWORK + offset)
            program.when(_EMBEDDED_DNS, _ACCEPT, "" if offset == 12 else missed)
    elif kind == "vxlan":
        _ports(program, [4789, 8472], (_UDP,), found=_ACCEPT, missed=missed, offsets=(2,))
    else:
        numbers = {"icmp": (_ICMP, _ICMP6), "tcp": (_TCP, _TCP), "udp": (_UDP, _UDP)}[kind]
        six = program.fresh()
        program.add(LD_W, _PROTOCOL)
        program.when(_IP, "", six)
        program.add(LD_B, _NETWORK + 9)
        program.when(numbers[0], _ACCEPT, missed)
        program.label(six)
        program.when(_IPV6, "", missed)
        program.add(LD_B, _NETWORK + 6)
        program.when(numbers[1], _ACCEPT, missed)


def _host(program: Assembler, text: str) -> None:
    """Go on only with packets from or to an address (or ARP about it)."""
    try:
        address = ip_address(text)
    except ValueError:
        raise InvalidArgument(f"invalid address {text!r} in the filter", hint=HINT) from None
    found = program.fresh()
    program.add(LD_W, _PROTOCOL)
    if isinstance(address, IPv6Address):
        program.when(_IPV6, "", _REJECT)
        words = struct.unpack("!4I", address.packed)
        for base, last in ((8, False), (24, True)):
            missed = _REJECT if last else program.fresh()
            for place, word in enumerate(words):
                program.add(LD_W, _NETWORK + base + 4 * place)
                program.when(word, found if place == 3 else "", missed)
            if not last:
                program.label(missed)
    else:
        arp = program.fresh()
        number = int(address)
        program.when(_IP, "", arp)
        for offset in (12, 16):
            program.add(LD_W, _NETWORK + offset)
            program.when(number, found, "" if offset == 12 else _REJECT)
        program.label(arp)
        program.when(_ARP, "", _REJECT)
        for offset in (14, 24):
            program.add(LD_W, _NETWORK + offset)
            program.when(number, found, "" if offset == 14 else _REJECT)
    program.label(found)


def _port(program: Assembler, ports: list[int], protocols: tuple[int, ...]) -> None:
    """Go on only with packets from or to one of these ports."""
    found = program.fresh()
    _ports(program, ports, protocols, found=found, missed=_REJECT)
    program.label(found)


def _ports(
    program: Assembler,
    ports: list[int],
    protocols: tuple[int, ...],
    *,
    found: str,
    missed: str,
    offsets: tuple[int, ...] = (0, 2),
) -> None:
    """Jump by the ports of a TCP or UDP packet; only a first fragment has them."""
    six, ports4, ports6 = program.fresh(), program.fresh(), program.fresh()
    program.add(LD_W, _PROTOCOL)
    program.when(_IP, "", six)
    program.add(LD_B, _NETWORK + 9)
    _one_of(program, protocols, ports4, missed)
    program.label(ports4)
    program.add(LD_H, _NETWORK + 6)
    program.when(0x1FFF, missed, "", JSET)
    program.add(LDX_HEADER, _NETWORK)
    for offset in offsets:
        program.add(LD_H_X, _NETWORK + offset)
        _one_of(program, ports, found, missed if offset == offsets[-1] else "")
    program.label(six)
    program.when(_IPV6, "", missed)
    program.add(LD_B, _NETWORK + 6)
    _one_of(program, protocols, ports6, missed)
    program.label(ports6)
    for offset in offsets:
        program.add(LD_H, _NETWORK + 40 + offset)
        _one_of(program, ports, found, missed if offset == offsets[-1] else "")


def _one_of(program: Assembler, values: Sequence[int], found: str, missed: str) -> None:
    for place, value in enumerate(values):
        program.when(value, found, missed if place == len(values) - 1 else "")
