"""Verbs that people type who come from other tools, and what they are called here."""

from __future__ import annotations

HABITS = {
    "list": "ps",
    "ls": "ps",
    "delete": "rm",
    "remove": "rm",
    "image": "images",
    "log": "logs",
    "shell": "exec",
    "sh": "exec",
    "doctor": "system doctor",
    "bootstrap": "image bootstrap",
    "df": "system df",
    "prune": "system prune",
    "volumes": "volume ls",
    "networks": "network ls",
    "net": "network ls",
    "connect": "network connect",
    "disconnect": "network disconnect",
    "containers": "container ls",
}
