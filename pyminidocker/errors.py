"""What can go wrong, as one tree.

Every error says what happened and, in ``hint``, what to try.  The classes follow containerd's
errdefs, so that one table (``api/status.py``) turns them into HTTP and one (``cli/exit_codes.py``)
into exit codes; nothing below those two knows either.

    MiniDockerError
    ├── InvalidArgument        the caller asked for something that makes no sense
    ├── NotFound               no such container, image, network, volume, exec
    ├── NotModified            already in the wanted state (started twice, stopped twice)
    ├── Conflict               name in use, wrong state, image in use
    ├── PermissionDenied       the host or the engine forbids it
    ├── NotImplementedHere     Docker can, this engine (or this host) cannot
    ├── Unavailable            the engine, or a service it needs, is not there
    ├── IntegrityError         bytes on disk or wire are not what their digest says
    ├── InitError              the container's first process could not be started
    └── SystemFailure          the kernel said no

Messages are lower case where Docker's are, name the thing and keep moby's wording where clients
match on it: docker-py finds ``ImageNotFound`` by the text "No such image".
"""


class MiniDockerError(Exception):
    """Base of all errors the engine raises on purpose.

    Args:
        message: what happened, naming the thing.
        hint: what to try next; empty when there is nothing to try.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a traceback shows it

    def __str__(self) -> str:
        return self.message


class InvalidArgument(MiniDockerError):
    """The request makes no sense as it stands; the message names the parameter."""


class NotFound(MiniDockerError):
    """There is no such object; the message names what was looked for."""


class NotModified(MiniDockerError):
    """The object is already in the wanted state."""


class Conflict(MiniDockerError):
    """The object's state, or another object, stands in the way."""


class PermissionDenied(MiniDockerError):
    """The host or the engine's rules forbid it."""


class NotImplementedHere(MiniDockerError):
    """Docker can do this; this engine or this host cannot, and the message says why."""


class Unavailable(MiniDockerError):
    """The engine, or something it depends on, cannot be reached."""


class IntegrityError(MiniDockerError):
    """Stored or received bytes do not match their digest or their format."""


class SystemFailure(MiniDockerError):
    """The kernel refused an operation; raised from the OSError that says which."""


class InitError(MiniDockerError):
    """The first process of a container (or an exec) could not be started.

    Args:
        stage: what init was doing, e.g. ``"mount"`` or ``"execve"``.
        call: the system call, by its man page name.
        errno: the kernel's error number.
        path: the object the call was about.
        message: one line for people.
    """

    def __init__(
        self, message: str, *, stage: str = "", call: str = "", errno: int = 0, path: str = ""
    ) -> None:
        super().__init__(message)
        self.stage = stage
        self.call = call
        self.errno = errno
        self.path = path
