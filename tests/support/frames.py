"""Frames built by hand, for tests that look at them."""

import socket
import struct

MAC_A, MAC_B = bytes.fromhex("0242ac120002"), bytes.fromhex("0242ac120003")
A, B = "172.18.0.2", "172.18.0.3"
A6, B6 = "fd00::2", "fd00::3"


def ethernet(payload: bytes, kind: int, source: bytes = MAC_A, target: bytes = MAC_B) -> bytes:
    return target + source + struct.pack("!H", kind) + payload


def ipv4(payload: bytes, protocol: int, source: str = A, target: str = B, **more: int) -> bytes:
    """An IPv4 packet in a frame; ``more``: ttl, number, place (fragment bits), total."""
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, more.get("total", 20 + len(payload)), more.get("number", 1),
        more.get("place", 0), more.get("ttl", 64), protocol, 0,
        socket.inet_aton(source), socket.inet_aton(target),
    )  # fmt: skip
    return ethernet(head + payload, 0x0800)


def ipv6(payload: bytes, protocol: int, source: str = A6, target: str = B6) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    return ethernet(struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload,
                    0x86DD)  # fmt: skip


def udp(payload: bytes, source: int = 40000, target: int = 9) -> bytes:
    return struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload


def tcp(
    flags: int, payload: bytes = b"", source: int = 40000, target: int = 80, options: bytes = b""
) -> bytes:
    length = (20 + len(options)) // 4 << 12
    head = struct.pack("!HHIIHHHH", source, target, 1000, 2000, length | flags, 64240, 0, 0)
    return head + options + payload


def icmp(kind: int, code: int, first: int = 0, second: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack("!BBHHH", kind, code, 0, first, second) + payload


def arp(operation: int, sender: str, target: str, mac: bytes = MAC_A) -> bytes:
    body = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, mac, socket.inet_aton(sender),
        bytes(6), socket.inet_aton(target),
    )  # fmt: skip
    return ethernet(body, 0x0806, mac, b"\xff" * 6)


def vxlan(frame: bytes, vni: int = 42) -> bytes:
    return ipv4(udp(struct.pack("!B3xI", 8, vni << 8) + frame, 50000, 4789), 17,
                "10.0.0.1", "10.0.0.2")  # fmt: skip
