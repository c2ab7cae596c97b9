"""What the steps of a start share while they run: the building site.

See: operations.
"""


class Site:
    """Descriptors and facts the operations hand to one another.

    Attributes:
        dev_fd: a /dev with the six harmless devices, the host's or a copy.
        netns_fd: the network namespace to join, or -1.
        root_fd: the new root directory, open since ``MountOverlay``; -1 before.
        rootfs_path: where ``MountOverlay`` attaches it.
        sources: mounts that were opened outside, for the steps in the order of the plan; None when
            the steps are to open them themselves.
        trees: of cgroups, in which this process has a group of its own: ``cgroup2``, or the
            controllers of each tree of version 1, ``cpu,cpuacct``.
    """

    __slots__ = ("dev_fd", "netns_fd", "root_fd", "rootfs_path", "sources", "trees")

    def __init__(
        self,
        dev_fd: int,
        *,
        root_fd: int = -1,
        rootfs_path: str = "",
        sources: list[int] | None = None,
        trees: "list[str] | None" = None,
    ) -> None:
        self.dev_fd = dev_fd
        self.netns_fd = -1
        self.root_fd = root_fd
        self.rootfs_path = rootfs_path
        self.sources = sources
        self.trees = trees or []
