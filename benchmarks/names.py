"""Measure names: ``python -m benchmarks.names [quick]``.

A private engine in a temporary directory; nothing of the user's is touched.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measure import in_turn, show
from benchmarks.private import private_engine, private_home

QUICK = "quick" in sys.argv[1:]
CONTAINERS, QUESTIONS, STARTS = (50, 500, 20) if QUICK else (200, 3000, 100)

ASK = """
import socket, struct, sys, time
containers, questions = map(int, sys.argv[1:])
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.connect(("127.0.0.11", 53))
sock.settimeout(5)
times, wrong, began = [], 0, time.perf_counter()
for number in range(questions):
    name = f"c{number % containers}".encode()
    query = struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name
    sent = time.perf_counter()
    sock.send(query + bytes([0, 0, 1, 0, 1]))
    answer = sock.recv(512)
    times.append(time.perf_counter() - sent)
    wrong += answer[:2] != query[:2] or answer[6:8] != bytes([0, 1])
took = time.perf_counter() - began
times.sort()
middle, late = times[questions // 2] * 1e6, times[questions * 99 // 100] * 1e6
print(f"{questions / took:.0f} a second, median {middle:.0f} us, p99 {late:.0f} us, {wrong} wrong")
"""


def starts(engine) -> None:
    """Time a start on the default bridge and on a network with names."""

    def start(network: str) -> None:
        with engine.create("busybox", "true", network=network) as box:
            box.start().wait()

    jobs = {
        "default bridge": lambda: start("bridge"),
        "user-defined network": lambda: start("names"),
    }
    samples = in_turn(jobs, dict.fromkeys(jobs, STARTS))
    show("Create, start `true`, wait, remove", samples, "default bridge")


def questions(engine) -> None:
    """Let one container ask for all names, then four at a time."""
    command = ["python3", "-c", ASK, str(CONTAINERS), str(QUESTIONS)]

    def ask(_: int) -> str:
        return str(engine.run("python", command, network="names")).strip()

    print(f"\nNames of {CONTAINERS} containers on one network")
    print(f"  one asker:     {ask(0)}")
    with ThreadPoolExecutor(4) as pool:
        for line in pool.map(ask, range(4)):
            print(f"  one of four:   {line}")


def main() -> None:
    """Run everything on a private engine."""
    with private_home(), private_engine("busybox", "python") as engine:
        engine.create_network("names")
        starts(engine)
        began = time.perf_counter()
        boxes = [
            engine.run("busybox", "sleep 600", name=f"c{n}", network="names", detach=True)
            for n in range(CONTAINERS)
        ]
        print(f"\n{CONTAINERS} containers on one network: {time.perf_counter() - began:.2f} s")
        questions(engine)
        for box in boxes:
            box.remove(force=True)


if __name__ == "__main__":
    main()
