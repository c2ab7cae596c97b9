"""What this host allows, found by trying: the facts behind ``minidocker system doctor``.

Containers are made of kernel facilities (user namespaces, overlay file systems, control groups,
...), and every host forbids other ones: Docker's default seccomp profile, Ubuntu's AppArmor rule,
a kernel option, a missing package.  Reading settings would be a guess; so each facility is tried
in a child process and the answer becomes a ``Finding`` with a meaning for the lessons and a
remedy.
"""

from pyminidocker.doctor.examination import examine
from pyminidocker.doctor.findings import Finding, can_run_containers, render, to_json

__all__ = ["Finding", "can_run_containers", "examine", "render", "to_json"]
