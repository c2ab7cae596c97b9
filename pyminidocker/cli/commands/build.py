"""``build``: an image from a Dockerfile."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import USAGE_ERROR, Failure, checked
from pyminidocker.cli.run_options import LIMITS
from pyminidocker.errors import MiniDockerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyminidocker.client.build_steps import BuildStory
    from pyminidocker.client.context_pack import PackedContext

    Json = dict[str, Any]

_LIMITS = (
    ("memory", "memory"), ("memswap", "memory-swap"), ("cpushares", "cpu-shares"),
    ("cpuperiod", "cpu-period"), ("cpuquota", "cpu-quota"), ("cpusetcpus", "cpuset-cpus"),
    ("cpusetmems", "cpuset-mems"),
)  # fmt: skip
_LIMITING = {name for _, name in _LIMITS}
MODES = ("auto", "plain", "tty", "quiet", "rawjson")
_IMAGES = ("this engine keeps the image in its store", "minidocker save, or minidocker push")
_FRONTEND = ("this engine reads Dockerfiles itself", "")
# Options of Docker's that would have no effect here: (why, what to do instead).
NOT_HERE: dict[str, tuple[str, str]] = {
    "build-context": ("this engine has one context", "copy the files into it"),
    "cache-to": ("this engine keeps its cache to itself", "minidocker builder du shows it"),
    "cgroup-parent": ("every group is below the engine's own", "limit the lab instead"),
    "output": _IMAGES,
    "push": _IMAGES,
    "squash": (
        "this engine does not put layers together afterwards",
        "put steps together in one RUN, or copy from one stage into another",
    ),
    "ssh": ("this engine hands no ssh agent to builds", "give a key: --secret id=key,src=FILE"),
    "call": _FRONTEND,
    "sbom": _FRONTEND,
    "provenance": _FRONTEND,
}


def build(call: Invocation) -> int:
    """Send the context, show what happens, and return Docker's exit code."""
    from pyminidocker.cli.build_progress import open_progress
    from pyminidocker.client.context_pack import pack_context

    options = call.options
    for name, (why, instead) in NOT_HERE.items():
        if name in call.given:
            raise Failure(f"--{name}: {why}", hint=instead)
    quiet = options["quiet"] or options["progress"] == "quiet"
    if options["progress"] not in MODES:
        raise Failure(
            f'invalid argument "{options["progress"]}" for "--progress" flag: must be one of'
            f" {', '.join(MODES)}",
            USAGE_ERROR,
        )
    query = _query(options)
    secrets = dict(map(_secret, options["secret"]))
    try:
        context = pack_context(call.arguments[0], options["file"], stdin=sys.stdin.buffer)
    except MiniDockerError as error:
        raise _ours(error) from None
    if options["check"]:
        from pyminidocker.cli.dockerfile_check import check

        return check(context)
    query["dockerfile"], query["remote"] = context.dockerfile, context.remote
    with open_progress("quiet" if quiet else options["progress"], context) as progress:
        for record in _records(call, context, query, secrets):
            progress(record)
    story = progress.story
    if story.error or not story.built:
        return _failed(story, context, progress.shows_output)
    image = str(story.built["Id"])
    if options["iidfile"]:
        with open(options["iidfile"], "w", encoding="ascii") as file:
            file.write(image)
    if quiet:
        print(image)
    return 0


def _records(
    call: Invocation, context: PackedContext, query: Json, secrets: dict[str, bytes]
) -> Iterator[Json]:
    from pyminidocker.client.credentials import find_all

    archive = context.pieces()
    return call.engine.build(
        None if archive is None else _checked(archive),
        query,
        tags=call.options["tag"],
        secrets=secrets,
        registries=find_all(),
    )


def _checked(archive: Iterator[bytes]) -> Iterator[bytes]:
    """Let errors of the archive be told as ours: they are not the engine's answer."""
    try:
        yield from archive
    except MiniDockerError as error:
        raise _ours(error) from None


def _ours(error: MiniDockerError) -> Failure:
    return Failure(error.message, hint=error.hint)


def _query(options: Json) -> Json:
    """Return what Docker's API calls the options.

    Raises:
        Failure: an option has a form it must not have.
    """
    hosts = []
    for one in options["add-host"]:
        name, separator, address = one.replace("=", ":", 1).partition(":")
        if not name or not separator or not address:
            raise _wrong("--add-host", one, f'bad format for add-host: "{one}"')
        hosts.append(f"{name}:{address}")
    return {
        "buildargs": _arguments(options["build-arg"]) or None,
        "labels": _labels(options["label"]) or None,
        "target": options["target"],
        "nocache": options["no-cache"] or None,
        "pull": options["pull"] or None,
        "networkmode": options["network"],
        "platform": options["platform"],
        "extrahosts": ",".join(hosts),
        "shmsize": options["shm-size"] or None,
        "ulimits": [_ulimit(one) for one in options["ulimit"]] or None,
        "cachefrom": options["cache-from"] or None,
        **{key: options[name] or None for key, name in _LIMITS},
    }


def _arguments(given: list[str]) -> dict[str, str | None]:
    """``NAME=VALUE``, or ``NAME`` for the value it has in the environment."""
    found: dict[str, str | None] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name:
            raise _wrong("--build-arg", one, f"invalid environment variable: {one}")
        found[name] = value if equals else os.environ.get(name)
    return found


def _labels(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, _, value = one.partition("=")
        if not name:
            raise _wrong("--label", one, f"invalid label '{one}': empty name")
        found[name] = value
    return found


def _ulimit(text: str) -> Json:
    from pyminidocker.cli.limits import ulimit

    read: Json = checked("--ulimit", text, ulimit)
    return read


def _secret(text: str) -> tuple[str, bytes]:
    """Read ``id=NAME[,src=FILE|,env=VARIABLE]`` and the secret itself.

    See: https://docs.docker.com/build/building/secrets/
    """
    fields: dict[str, str] = {}
    for field in text.split(","):
        key, equals, value = field.partition("=")
        key = {"source": "src"}.get(key.lower(), key.lower())
        if not equals or key not in ("id", "src", "env", "type"):
            hint = "for example: --secret id=token,src=token.txt"
            raise Failure(f"invalid secret \"{text}\": unexpected '{field}'", hint=hint)
        fields[key] = value
    name = fields.get("id", "")
    if not name:
        raise Failure(f'invalid secret "{text}": it has no id', hint="--secret id=NAME,src=FILE")
    variable, path = fields.get("env", ""), fields.get("src", "")
    if fields.get("type") == "env":
        variable, path = variable or path or name, ""
    elif not variable and not path and fields.get("type") != "file" and name in os.environ:
        variable = name
    if variable:
        if variable not in os.environ:
            raise Failure(f"secret {name}: the environment has no variable {variable}")
        return name, os.fsencode(os.environ[variable])
    try:
        with open(path or name, "rb") as file:
            return name, file.read()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Failure(f"secret {name}: open {path or name}: {why}") from None


def _wrong(option: str, value: str, why: str) -> Failure:
    return Failure(f'invalid argument "{value}" for "{option}" flag: {why}', USAGE_ERROR)


def _failed(story: BuildStory, context: PackedContext, shows_output: bool) -> int:
    """Say what went wrong; a RUN's own exit code becomes ours, as with Docker's classic builder."""
    from pyminidocker.client.build_lines import failure

    lines = []
    step = story.failed
    if step is not None and step.output and not shows_output:
        lines += ["------", f" > {step.label} {step.first_line}:", *step.lines(), "------"]
    lines += failure(story, context.shown)
    sys.stdout.flush()
    print("\n".join(lines), file=sys.stderr)
    code = int(story.error.get("Code") or 1)
    return code if 0 < code < 256 else 1


BUILD = Command(
    "[OPTIONS] PATH | URL | -",
    (
        Option("--add-host", "list", 'Add a custom host-to-IP mapping (format: "host:ip")'),
        Option("--build-arg", "list", "Set build-time variables"),
        Option("--cache-from", "list", "Images to consider as cache sources"),
        Option("--check", "bool", "Say what is doubtful in the Dockerfile, and build nothing"),
        Option("--compress", "bool", ""),
        *(limit for limit in LIMITS if limit.long.startswith("cpu") and limit.long in _LIMITING),
        Option("--disable-content-trust", "bool", ""),
        Option("-f, --file", "string", 'Name of the Dockerfile (default: "PATH/Dockerfile")'),
        Option("--force-rm", "bool", ""),
        Option("--iidfile", "string", "Write the image ID to a file"),
        Option("--label", "list", "Set metadata for an image"),
        Option("--load", "bool", ""),
        *(limit for limit in LIMITS if limit.long.startswith("mem") and limit.long in _LIMITING),
        Option("--network", "string", 'Set the networking mode for the "RUN" instructions'),
        Option("--no-cache", "bool", "Do not use cache when building the image"),
        Option("--platform", "string", "Set target platform for build"),
        Option(
            "--progress",
            "string",
            'Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")',
            "auto",
        ),
        Option("--pull", "bool", "Always attempt to pull all referenced images"),
        Option("-q, --quiet", "bool", "Suppress the build output and print image ID on success"),
        Option("--rm", "bool", ""),
        Option(
            "--secret",
            "list",
            'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")',
        ),
        Option("--shm-size", "bytes", 'Shared memory size for "RUN" instructions'),
        Option("-t, --tag", "list", 'Name and optionally a tag (format: "name:tag")'),
        Option("--target", "string", "Set the target build stage to build"),
        Option("--ulimit", "ulimit", "Ulimit options"),
        *(
            Option(
                {"output": "-o, --output"}.get(name, f"--{name}"),
                "bool" if name in ("push", "squash") else "string",
                "",
            )
            for name in NOT_HERE
        ),
    ),
    build,
    1,
    1,
)
