"""What the steps of a start share while they run: the building site.

See: operations.
"""


class Site:
    """Descriptors and facts the operations hand to one another.

    Attributes:
        root_fd: the new root directory, open since ``MountOverlay``; -1 before.
        host_dev_fd: the host's /dev, opened before anything covers it.
    """

    __slots__ = ("host_dev_fd", "root_fd")

    def __init__(self, host_dev_fd: int, root_fd: int = -1) -> None:
        self.host_dev_fd = host_dev_fd
        self.root_fd = root_fd
