"""What is allowed in a Dockerfile, but probably not meant.

These are Docker's build checks, as far as they need no build and no base image, and two of our own:
an exec form in single quotes, which is no exec form, and words behind one, which are lost.

See: https://docs.docker.com/reference/build-checks/
"""

from __future__ import annotations

import re

from pyminidocker.dockerfile.instructions import (
    Arg,
    Cmd,
    Entrypoint,
    Env,
    Expose,
    Finding,
    HealthCheck,
    Maintainer,
    Shell,
    Workdir,
)
from pyminidocker.dockerfile.shell_words import expand
from pyminidocker.dockerfile.words import json_array, json_end, quoted_words
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyminidocker.dockerfile.instructions import Dockerfile, Instruction, Stage
    from pyminidocker.dockerfile.source import Statement

    Found = tuple[str, str, int]  # rule, text, line

_RESERVED = ("scratch", "context")
_SECRETS = re.compile(
    r"(?:^|_)(apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)"
)
_PUBLIC = re.compile(r"(?:^|_)public(?:_|$)")
_PREDEFINED = frozenset(
    f"{side}{what}"
    for side in ("BUILD", "TARGET")
    for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
) | {"TARGETSTAGE"}
_PORT = re.compile(r"[0-9]+(?:-[0-9]+)?(?:/[a-z]+)?", re.IGNORECASE)


def warnings_of(dockerfile: Dockerfile, statements: Sequence[Statement]) -> tuple[Finding, ...]:
    """Return the findings, in the file's order, without the rules that ``# check=skip=`` names."""
    findings: list[Found] = [
        *_spelling(statements),
        *_continuations(statements),
        *_single_quotes(statements),
        *_old_pairs(statements, dockerfile.directives.escape),
        *_global_arguments(dockerfile),
        *_stage_names(dockerfile.stages),
    ]
    for stage in dockerfile.stages:
        findings += _repeated(stage)
        findings += _shell_forms(stage)
        findings += _relative_workdir(stage, dockerfile.stages)
        for instruction in stage.instructions:
            findings += _of_instruction(instruction)
    skip = {rule.lower() for rule in dockerfile.directives.skip}
    if "all" in skip:
        return ()
    return tuple(
        Finding(rule=rule, text=text, line=line, see=_page(rule))
        for rule, text, line in sorted(findings, key=lambda finding: finding[2])
        if rule.lower() not in skip
    )


def _page(rule: str) -> str:
    if rule.startswith("ExecForm"):
        return "https://docs.docker.com/reference/dockerfile/#shell-and-exec-form"
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", rule).lower()
    return f"https://docs.docker.com/go/dockerfile/rule/{name}/"


def _spelling(statements: Sequence[Statement]) -> Iterator[Found]:
    """Instructions are written all in capitals or all in small letters, and AS like FROM."""
    capitals = sum(one.written.isupper() for one in statements)
    small = sum(one.written.islower() for one in statements)
    want: Callable[[str], str] = str.upper if capitals >= small else str.lower
    word = "uppercase" if capitals >= small else "lowercase"
    for one in statements:
        if one.written != want(one.written):
            text = f"Command '{one.written}' should match the case of the command majority ({word})"
            yield "ConsistentInstructionCasing", text, one.line
        if one.keyword != "FROM":
            continue
        words = one.rest.split()
        if len(words) == 3 and words[1].isupper() != one.written.isupper():
            text = f"'{words[1]}' and '{one.written}' keywords' casing do not match"
            yield "FromAsCasing", text, one.line
        if len(words) == 3 and words[2] != words[2].lower():
            yield "StageNameCasing", f"Stage name '{words[2]}' should be lowercase", one.line


def _continuations(statements: Sequence[Statement]) -> Iterator[Found]:
    for one in statements:
        if one.empty_lines:
            yield "NoEmptyContinuation", "Empty continuation line", one.empty_lines[0]


def _single_quotes(statements: Sequence[Statement]) -> Iterator[Found]:
    """``CMD ['a']`` is a command called ``['a']``: JSON has double quotes only."""
    for one in statements:
        rest = one.rest
        if one.keyword == "HEALTHCHECK":
            rest = rest.partition(" ")[2].strip()
        if one.keyword not in ("CMD", "ENTRYPOINT", "RUN", "HEALTHCHECK", "COPY", "ADD", "VOLUME"):
            continue
        if re.fullmatch(r"\[\s*['\"].*\]", rest, re.DOTALL) and json_array(rest) is None:
            text = (
                f"{one.keyword} looks like the exec form but is no JSON array: write double quotes,"
                " commas between the strings, and none at the end"
            )
            yield "ExecFormQuotes", text, one.line
        end = json_end(rest)
        if rest[end:].strip() and end and one.keyword not in ("COPY", "ADD"):
            text = f"{one.keyword} ignores what stands behind its JSON array: {rest[end:].strip()}"
            yield "ExecFormTail", text, one.line


def _old_pairs(statements: Sequence[Statement], escape: str) -> Iterator[Found]:
    for one in statements:
        if one.keyword in ("ENV", "LABEL") and "=" not in quoted_words(one.rest, escape)[0].text:
            text = f'"{one.keyword} key=value" should be used instead of legacy'
            yield "LegacyKeyValueFormat", f'{text} "{one.keyword} key value" format', one.line


def _global_arguments(dockerfile: Dockerfile) -> Iterator[Found]:
    """FROM sees the ARGs before the first FROM, and nothing else."""
    values: dict[str, str] = {}
    known = set(_PREDEFINED)
    for arg in dockerfile.global_args:
        for one in arg.arguments:
            known.add(one.key)
            if one.default is not None:
                values[one.key] = one.default
    for stage in dockerfile.stages:
        missing: list[str] = []

        def lookup(name: str, missing: list[str] = missing) -> str | None:
            if name not in known:
                missing.append(name)
            return values.get(name)

        try:
            base = expand(stage.base, lookup, dockerfile.directives.escape)
            expand(stage.platform, lookup, dockerfile.directives.escape)
        except InvalidArgument:
            continue  # the build says so
        for name in dict.fromkeys(missing):
            text = f"FROM argument '{name}' is not declared"
            yield "UndefinedArgInFrom", text, stage.line
        uses_variables = "$" in stage.base and not missing
        if uses_variables and (
            not base or base.startswith((":", "@")) or base.endswith((":", "@"))
        ):
            text = f"Default value for ARG {stage.base} results in empty or invalid base image name"
            yield "InvalidDefaultArgInFrom", text, stage.line
        if stage.platform and stage.platform.strip("\"'") in (
            "$TARGETPLATFORM",
            "${TARGETPLATFORM}",
        ):
            text = (
                f"Setting platform to predefined {stage.platform} in FROM is redundant as this is"
            )
            yield "RedundantTargetPlatform", f"{text} the default behavior", stage.line


def _stage_names(stages: Sequence[Stage]) -> Iterator[Found]:
    seen: set[str] = set()
    for stage in stages:
        if stage.name in _RESERVED:
            text = f'Stage name should not use the same name as reserved stage "{stage.name}"'
            yield "ReservedStageName", text, stage.line
        if stage.name and stage.name in seen:
            text = f'Duplicate stage name "{stage.name}", stage names should be unique'
            yield "DuplicateStageName", text, stage.line
        seen.add(stage.name)


def _repeated(stage: Stage) -> Iterator[Found]:
    """Of CMD, ENTRYPOINT and HEALTHCHECK only the last one of a stage counts."""
    for kind in (Cmd, Entrypoint, HealthCheck):
        found = [one for one in stage.instructions if isinstance(one, kind)]
        for one in found[:-1]:
            text = f"Multiple {one.keyword} instructions should not be used in the same stage"
            text += " because only the last one will be used"
            yield "MultipleInstructionsDisallowed", text, one.line


def _shell_forms(stage: Stage) -> Iterator[Found]:
    """The shell form makes the shell process 1, which passes no signals on."""
    if any(isinstance(one, Shell) for one in stage.instructions):
        return  # chosen on purpose
    for one in stage.instructions:
        if isinstance(one, Cmd | Entrypoint) and one.command.is_shell and any(one.command.words):
            text = f"JSON arguments recommended for {one.keyword} to prevent unintended behavior"
            yield "JSONArgsRecommended", f"{text} related to OS signals", one.line


def _relative_workdir(stage: Stage, stages: Sequence[Stage]) -> Iterator[Found]:
    """A relative WORKDIR hangs on what the base image has."""
    if stage.base.lower() in {one.name for one in stages[: stage.index] if one.name}:
        return
    for one in stage.instructions:
        if isinstance(one, Workdir):
            if not one.path.strip("\"'").startswith(("/", "$")):
                text = (
                    f'Relative workdir "{one.path}" can have unexpected results if the base image'
                )
                yield "WorkdirRelativePath", f"{text} changes", one.line
            return


def _of_instruction(one: Instruction) -> Iterator[Found]:
    if isinstance(one, Maintainer):
        text = "Maintainer instruction is deprecated in favor of using label"
        yield "MaintainerDeprecated", text, one.line
    elif isinstance(one, Env | Arg):
        keys = [pair.key for pair in (one.pairs if isinstance(one, Env) else one.arguments)]
        for key in keys:
            low = key.lower()
            if _SECRETS.search(low) and not _PUBLIC.search(low):
                text = "Do not use ARG or ENV instructions for sensitive data"
                yield "SecretsUsedInArgOrEnv", f'{text} ({one.keyword} "{key}")', one.line
    elif isinstance(one, Expose):
        for port in one.ports:
            if port != port.lower() and "$" not in port:
                text = f"Defined protocol '{port}' in EXPOSE instruction should be lowercase"
                yield "ExposeProtoCasing", text, one.line
            if "$" not in port and not _PORT.fullmatch(port.strip("\"'")):
                text = (
                    "EXPOSE instruction should not define an IP address or host-port mapping, found"
                )
                yield "ExposeInvalidFormat", f"{text} '{port}'", one.line
