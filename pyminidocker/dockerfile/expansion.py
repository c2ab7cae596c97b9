"""Which fields of which instruction Docker expands.

RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK and ONBUILD are left alone: the container's shell expands
their variables when it runs, or nobody does.

See: https://docs.docker.com/reference/dockerfile/#environment-replacement
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.instructions import (
    Add,
    Copy,
    Env,
    Expose,
    From,
    Heredoc,
    Instruction,
    Label,
    Pair,
    Run,
    StopSignal,
    Transfer,
    User,
    Volume,
    Workdir,
)
from pyminidocker.dockerfile.mounts import read_mount
from pyminidocker.dockerfile.shell_words import expand, expand_words
from pyminidocker.dockerfile.words import Problem, Word
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from pyminidocker.dockerfile.instructions import Dockerfile

    Lookup = Callable[[str], str | None]

Some = TypeVar("Some", bound=Instruction)

_TEXTS: dict[type[Instruction], tuple[str, ...]] = {
    From: ("base", "platform"),
    User: ("user",),
    Workdir: ("path",),
    StopSignal: ("signal",),
    Copy: ("destination", "chown", "chmod"),
    Add: ("destination", "chown", "chmod", "checksum"),
}
_LISTS: dict[type[Instruction], tuple[str, ...]] = {
    Volume: ("paths",),
    Copy: ("sources", "exclude"),
    Add: ("sources", "exclude"),
}


def expanded(
    instruction: Some,
    lookup: Lookup,
    escape: str = "\\",
    *,
    dockerfile: Dockerfile | None = None,
) -> Some:
    """Return ``instruction`` with variables put in wherever Docker does so; quotes are gone there.

    ``text`` stays as written.  ARG is special: its defaults see the names before them in the same
    instruction, so they are not expanded here but one by one, by whoever keeps the values.

    Args:
        instruction: as parsed.
        lookup: value of a variable or None; called once for each use.
        escape: the file's escape character.
        dockerfile: where the instruction is from, for the excerpt of an error.

    Raises:
        DockerfileError: bad substitution, an unset ``${x:?}``.
    """
    one = _Words(instruction, lookup, escape, dockerfile)
    kind = type(instruction)
    changed: dict[str, Any] = {}
    for name in _TEXTS.get(kind, ()):
        changed[name] = one.text(getattr(instruction, name))
    for name in _LISTS.get(kind, ()):
        changed[name] = one.texts(getattr(instruction, name))
    if isinstance(instruction, Transfer):
        changed["heredocs"] = tuple(one.heredoc(file) for file in instruction.heredocs)
    elif isinstance(instruction, Env | Label):
        pairs = instruction.pairs
        changed["pairs"] = tuple(Pair(one.text(pair.key), one.text(pair.value)) for pair in pairs)
    elif isinstance(instruction, Expose):
        changed["ports"] = one.split(instruction.ports)
    elif isinstance(instruction, Run):
        changed["mounts"] = tuple(one.mount(mount.text) for mount in instruction.mounts)
    return msgspec.structs.replace(instruction, **changed) if changed else instruction


class _Words:
    """Expands the words of one instruction and says where one went wrong."""

    def __init__(
        self, instruction: Instruction, lookup: Lookup, escape: str, dockerfile: Dockerfile | None
    ) -> None:
        self._instruction, self._dockerfile = instruction, dockerfile
        self._lookup, self._escape = lookup, escape

    def text(self, word: str) -> str:
        if not word:
            return word
        try:
            return expand(word, self._lookup, self._escape)
        except InvalidArgument as error:
            raise self._error(error.message, word) from None

    def texts(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.text(word) for word in words)

    def split(self, words: Iterable[str]) -> tuple[str, ...]:
        found: list[str] = []
        for word in words:
            try:
                found += expand_words(word, self._lookup, self._escape)
            except InvalidArgument as error:
                raise self._error(error.message, word) from None
        return tuple(found)

    def heredoc(self, file: Heredoc) -> Heredoc:
        if not file.expand:
            return file
        try:
            content = expand(file.content, self._lookup, self._escape, quotes=False)
        except InvalidArgument as error:
            problem = error.message.partition('": ')[2] or error.message
            raise self._error(f"heredoc {file.name}: {problem}", file.name) from None
        return msgspec.structs.replace(file, content=content)

    def mount(self, written: str) -> Any:
        try:
            return read_mount(Word(written, 0), self.text)
        except Problem as problem:
            raise self._error(problem.text, written, hint=problem.hint) from None

    def _error(self, problem: str, word: str, *, hint: str = "") -> DockerfileError:
        """Return the error, pointing at ``word`` where it stands in the file."""
        instruction = self._instruction
        if self._dockerfile is None:
            return DockerfileError(problem, line=instruction.line, hint=hint)
        source = self._dockerfile.source
        line, column = instruction.line, 0
        for number in range(instruction.line, min(instruction.end_line, len(source)) + 1):
            found = source[number - 1].find(word)
            if found >= 0:
                line, column = number, found + 1
                break
        return DockerfileError(
            problem,
            file=self._dockerfile.name,
            line=line,
            column=column,
            width=len(word),
            source=source,
            hint=hint,
        )
