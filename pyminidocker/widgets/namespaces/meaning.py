"""What each of the eight namespaces isolates, in plain words.

The order is the order of the picture: what a learner can see for themselves comes first.
See: namespaces(7).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One kind of namespace.

    Args:
        key: its name under ``/proc/<pid>/ns``.
        isolates: what it gives a view of, in two or three words.
        shared: what follows when two processes are in the same one.
        split: what follows when each is in its own.
        see: the manual page.
    """

    key: str
    isolates: str
    shared: str
    split: str
    see: str


MEANINGS = (
    Meaning(
        "pid",
        "process numbers",
        "They count processes together: each can see, and signal, the other by its number.",
        "Each side counts its own processes, and its first one is number 1. Numbers from one side "
        "mean nothing on the other; the outer side still sees the inner processes, under other "
        "numbers.",
        "pid_namespaces(7)",
    ),
    Meaning(
        "mnt",
        "file system tree",
        "They see one and the same tree of mounts: a disk mounted by one appears for the other.",
        "Each has its own tree of mounts. The same path can lead to different files, which is how "
        "a container gets a root directory of its own.",
        "mount_namespaces(7)",
    ),
    Meaning(
        "net",
        "network",
        "They share network interfaces, addresses, routes and ports: only one of them can listen "
        "on port 80.",
        "Each has its own interfaces, addresses, routes, firewall and ports. Both can listen on "
        "port 80, and localhost is a different place for each.",
        "network_namespaces(7)",
    ),
    Meaning(
        "uts",
        "host name",
        "They have one host name: when one changes it, the other sees the change.",
        "Each has a host name of its own. Changing it on one side changes nothing on the other.",
        "uts_namespaces(7)",
    ),
    Meaning(
        "ipc",
        "shared memory, queues",
        "They can meet in System V shared memory, semaphores and message queues.",
        "A shared memory segment or queue made on one side does not exist on the other, even "
        "under the same key.",
        "ipc_namespaces(7)",
    ),
    Meaning(
        "user",
        "user ids, privileges",
        "User ids mean the same to both, and being root in it is being root for both.",
        "The same number stands for different users. Root inside has its powers only over what "
        "belongs to this namespace; outside it is the user it is mapped to.",
        "user_namespaces(7)",
    ),
    Meaning(
        "cgroup",
        "view of cgroups",
        "They see the tree of control groups from the same root.",
        "Each sees its own control group as the root of the tree. This hides names; the limits "
        "themselves come from the control groups, not from this namespace.",
        "cgroup_namespaces(7)",
    ),
    Meaning(
        "time",
        "boot-time clock",
        "Uptime and the monotonic clock count from the same moment. The wall clock is never "
        "isolated: there is one for the whole machine.",
        "Uptime and the monotonic clock may be shifted. The wall clock is not: there is one for "
        "the whole machine.",
        "time_namespaces(7)",
    ),
)
