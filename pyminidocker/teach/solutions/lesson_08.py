"""Lesson 08: publish, host and none."""

from __future__ import annotations

from typing import Any


def open_front(engine: Any) -> None:
    """Without an address, a port is published for everybody who reaches the host."""
    front = engine.run("busybox", "sleep 9999", name="front", ports=["80"], detach=True, fresh=True)
    front.exec(["sh", "-c", "echo front > /index.html; httpd -h /"])


def open_back(engine: Any) -> None:
    """With 127.0.0.1 in front, for the host alone; the server still listens on all addresses."""
    back = engine.run(
        "busybox", "sleep 9999", name="back", ports=["127.0.0.1::80"], detach=True, fresh=True
    )
    back.exec(["sh", "-c", "echo back > /index.html; httpd -h /"])


def start_probe(engine: Any) -> None:
    """Join the network namespace of app."""
    engine.run(
        "busybox", "sleep 9999", name="probe", network="container:app", detach=True, fresh=True
    )


def let_out(engine: Any) -> None:
    """Set the policy of the chain forward back to accept."""
    engine.fault("default_deny").repair()
