"""Build arguments: who may give them, where they are seen, and what they are worth.

Three scopes.  The *global* one holds what stands before the first FROM; only FROM sees it.  A
*stage* sees an argument after its own ``ARG``, which takes the global value when it has no default
of its own.  ``--build-arg`` wins over any default.  A few names (proxies) need no ARG: they reach
RUN, and neither the cache nor the history hears of them.

See: Dockerfile reference, ARG; moby builder/dockerfile/buildargs.go.
"""

from collections.abc import Callable, Iterable, Mapping

PREDEFINED = frozenset(
    (
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy",
        "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
    )
)  # fmt: skip
EPOCH = "SOURCE_DATE_EPOCH"
# BuildKit reads these itself; nobody need declare them.
_ALWAYS_USED = frozenset((EPOCH, "BUILDKIT_INLINE_CACHE", "BUILDKIT_SYNTAX", "BUILDKIT_CONTEXT"))


def platform_arguments(architecture: str, variant: str = "") -> dict[str, str]:
    """Return the arguments that describe where is built and for what.

    Args:
        architecture: in Go's words, ``amd64``.
        variant: such as ``v7``, usually empty.

    See: Dockerfile reference, Automatic platform ARGs in the global scope.
    """
    platform = "/".join(part for part in ("linux", architecture, variant) if part)
    found = {}
    for side in ("TARGET", "BUILD"):
        found[f"{side}PLATFORM"] = platform
        found[f"{side}OS"] = "linux"
        found[f"{side}ARCH"] = architecture
        found[f"{side}VARIANT"] = variant
    return found


class BuildArguments:
    """What the command line gave and the global scope declares.

    Args:
        given: ``--build-arg``; None counts as not given.
        automatic: the platform's.
    """

    def __init__(self, given: Mapping[str, str | None], automatic: Mapping[str, str]) -> None:
        self._given = {key: value for key, value in given.items() if value is not None}
        self._global: dict[str, str] = dict(automatic)
        self._unset: set[str] = set()
        self._seen: set[str] = set()

    def declare_global(self, key: str, default: str | None) -> None:
        """Note an ARG before the first FROM."""
        self._seen.add(key)
        if key in self._given:
            self._global[key] = self._given[key]
        elif default is not None:
            self._global[key] = default

    def global_value(self, key: str) -> str | None:
        """Return what FROM sees."""
        return self._global.get(key)

    def value(self, key: str, default: str | None) -> str | None:
        """Return an argument's value where a stage declares it."""
        self._seen.add(key)
        if key in self._given:
            return self._given[key]
        return self._global.get(key) if default is None else default

    def predefined(self) -> dict[str, str]:
        """Return the given ones of those that need no declaration."""
        found = {key: value for key, value in self._given.items() if key in PREDEFINED}
        self._seen |= found.keys()
        return found

    def epoch_s(self) -> int | None:
        """Return SOURCE_DATE_EPOCH, seconds since the epoch; None when it is not given.

        Raises:
            ValueError: it is no number.
        """
        text = self._given.get(EPOCH, "")
        return int(text) if text else None

    def unused(self) -> list[str]:
        """Return the given names that nothing declared, sorted."""
        return sorted(self._given.keys() - self._seen - PREDEFINED - _ALWAYS_USED)


class StageArguments:
    """The arguments one stage has declared so far."""

    def __init__(self, build: BuildArguments) -> None:
        self._build = build
        self._inherited: dict[str, str] = {}
        self._declared: dict[str, str | None] = {}

    def inherit(self, known: Mapping[str, str]) -> None:
        """Take over what the stage knew that this one begins with.

        BuildKit does so, and Docker's manual tells it; the classic builder began with none.

        See: Docker manual, Build variables, Scoping.
        """
        self._inherited = dict(known)

    def known(self) -> dict[str, str]:
        """Return all arguments that have a value, by name."""
        own = {key: value for key, value in self._declared.items() if value is not None}
        return {**self._inherited, **own}

    def declare(self, key: str, default: str | None) -> str | None:
        """Note an ARG of the stage; return its value."""
        self._declared[key] = value = self._build.value(key, default)
        return value

    def visible(self, env: Iterable[str]) -> dict[str, str]:
        """Return the declared arguments that have a value and that ENV does not hide."""
        hidden = {item.partition("=")[0] for item in env}
        return {key: value for key, value in sorted(self.known().items()) if key not in hidden}

    def for_run(self, env: Iterable[str]) -> dict[str, str]:
        """Return what a RUN finds in its environment in addition to ``env``."""
        present = list(env)
        hidden = {item.partition("=")[0] for item in present}
        predefined = {k: v for k, v in self._build.predefined().items() if k not in hidden}
        return {**predefined, **self.visible(present)}

    def lookup(self, env: Iterable[str]) -> Callable[[str], str | None]:
        """Return how the stage's instructions see variables: ENV first, then arguments."""
        items = list(env)
        values = self.for_run(items)
        values.update(item.split("=", 1) for item in items if "=" in item)  # type: ignore[misc]
        return values.get
