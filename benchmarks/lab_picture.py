"""Measure captures and the topology: ``python -m benchmarks.lab_picture [quick]``.

A private engine in a temporary directory; nothing of the user's is touched.
"""

import sys
import time

import msgspec

from benchmarks.measure import in_turn, show
from benchmarks.private import private_engine, private_home
from pyminidocker.network.packet_parts import CapturedPacket
from pyminidocker.network.packets import decode, decode_frame
from tests.support import frames as f

QUICK = "quick" in sys.argv[1:]
SYN, PSH_ACK = 2, 24
KINDS = {
    "ARP": f.arp(1, f.A, f.B),
    "ICMP echo": f.ipv4(f.icmp(8, 0, 7, 1), 1),
    "TCP SYN with options": f.ipv4(
        f.tcp(SYN, options=bytes.fromhex("020405b40402080a000000010000000201030307")), 6
    ),
    "TCP data": f.ipv4(f.tcp(PSH_ACK, bytes(1400)), 6),
    "TCP data, IPv6": f.ipv6(f.tcp(PSH_ACK, bytes(1400)), 6),
    "DNS question": f.ipv4(
        f.udp(bytes.fromhex("126701000001000000000000037765620000010001"), 40000, 53), 17
    ),
    "VXLAN, ARP inside": f.vxlan(f.arp(1, f.A, f.B)),
}


def decoding() -> None:
    """How many packets a second are turned into lines of JSON, one kind at a time."""
    rounds = 2000 if QUICK else 20_000
    encoder = msgspec.json.Encoder()
    print("\nDecoding, one thread" + f"{'decoded':>32} {'with JSON':>20}")
    for name, frame in KINDS.items():
        began = time.perf_counter()
        for _ in range(rounds):
            decode_frame(frame)
        plain = rounds / (time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(rounds):
            packet = CapturedPacket(
                length=len(frame), time=1.5, link="veth1", link_index=5, namespace=7, direction="in"
            )
            decode(packet, frame)
            encoder.encode(packet)
        told = rounds / (time.perf_counter() - began)
        print(f"  {name:28} {plain:14,.0f} packets/s {told:10,.0f} packets/s")


def flood(engine) -> None:
    """A download while somebody captures: what the capture costs, and what it keeps."""
    make = "dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null; exec httpd -f -p 80 -h /"
    server = engine.run("busybox", ["sh", "-c", make], detach=True)
    client = engine.run("busybox", "sleep 600", detach=True)
    address = server.ip
    wait = f"until wget -qO /dev/null http://{address}/etc/hosts 2>/dev/null; do :; done"
    client.exec(["sh", "-c", wait])

    def download() -> None:
        assert client.exec(f"wget -qO /dev/null http://{address}/big").exit_code == 0

    def captured(form: str) -> None:
        with engine.api.capture_stream(form=form, link="docker0") as response:
            download()
            response.connection.socket.settimeout(0.001)

    jobs = {
        "nobody captures": download,
        "events": lambda: captured("events"),
        "pcap, nobody reads": lambda: captured("pcap"),
    }
    rounds = 3 if QUICK else 15
    show("Download of 200 MB over docker0", in_turn(jobs, dict.fromkeys(jobs, rounds)),
         "nobody captures")  # fmt: skip
    server.remove(force=True)
    client.remove(force=True)


def pictures(engine) -> None:
    """The whole topology, read from the kernel, sent and parsed; nothing is cached."""
    boxes: list = []
    for count in (0, 50, 200):
        boxes += [
            engine.run("busybox", "sleep 600", detach=True) for _ in range(count - len(boxes))
        ]
        time.sleep(1)  # until the children are parked again
        document = engine.api.topology()
        assert sum(one["Kind"] == "container" for one in document["Namespaces"]) == count
        size = len(engine.api.call_bytes("/minidocker/topology"))
        jobs = {
            "answer as bytes": lambda: engine.api.call_bytes("/minidocker/topology"),
            "and parsed": engine.api.topology,
        }
        rounds = dict.fromkeys(jobs, 5 if QUICK else 30)
        title = f"Topology of {count} containers, {size / 1024:.0f} KiB of JSON"
        show(title, in_turn(jobs, rounds), "answer as bytes")
    for box in boxes:
        box.remove(force=True)


def main() -> None:
    """Run everything on a private engine."""
    decoding()
    with private_home(), private_engine("busybox") as engine:
        flood(engine)
        pictures(engine)


if __name__ == "__main__":
    main()
