"""What the argv calculator knows: two instructions in any form, words of ``run``, and the result.

The result is computed by the rules the engine itself follows (``oci.command_line``); what really
happened is kept beside it, so that a picture can show both.
"""

import json
import shlex
from dataclasses import dataclass, field

from pyminidocker.dockerfile.parser import parse
from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.command_line import DEFAULT_SHELL, of_container, of_image, shell_form
from pyminidocker.oci.image_spec import RunConfig

NONE, EXEC, SHELL = "none", "exec", "shell"
FORMS = (NONE, EXEC, SHELL)
FORM_NAMES = {NONE: "none", EXEC: "exec form", SHELL: "shell form"}
# Where a word of the result comes from.
SHELLS, ENTRYPOINT, CMD, RUN = "the shell form", "ENTRYPOINT", "CMD", "run"


@dataclass(frozen=True, slots=True)
class Command:
    """What stands behind ENTRYPOINT or CMD, ready to be written in either form.

    Args:
        words: in the exec form.
        text: in the shell form.
        form: as it was written.
    """

    words: tuple[str, ...]
    text: str
    form: str

    @classmethod
    def of(cls, keyword: str, written: str) -> "Command":
        """Read what stands behind ``keyword`` in a Dockerfile.

        Raises:
            InvalidArgument: it is more than one line.
        """
        written = written.strip()
        if not written:
            return cls((), "", NONE)
        if "\n" in written:
            raise InvalidArgument(f"{keyword} in one line, please: {written!r}")
        instruction = parse(f"FROM scratch\n{keyword} {written}\n").stages[0].instructions[0]
        command = instruction.command  # type: ignore[attr-defined]
        if not command.is_shell:
            return cls(command.words, shlex.join(command.words), EXEC)
        try:
            words = tuple(shlex.split(written))
        except ValueError:  # an open quote: the shell will complain, and so it should
            words = tuple(written.split())
        return cls(words, written, SHELL)

    def written(self, form: str) -> str:
        """Return it as it is written in ``form``; "" for none."""
        if form == EXEC:
            return json.dumps(list(self.words), ensure_ascii=False)
        return self.text if form == SHELL else ""

    def config(self, form: str) -> list[str] | None:
        """Return what an image's configuration keeps of it."""
        if form == NONE or not self.text:
            return None
        return list(self.words) if form == EXEC else shell_form(self.text)


@dataclass(frozen=True, slots=True)
class Observed:
    """What happened in a container.

    Args:
        argv: what the engine executed, as ``inspect`` has it.
        process: the name of process 1.
        cmdline: /proc/1/cmdline.
        others: the names of the other processes in the container.
        said: what it printed before it was asked to end.
        heard: SIGTERM made it end; None when it had ended before.
        exit_code: what it left behind.
        error: why it did not start.
    """

    argv: tuple[str, ...] = ()
    process: str = ""
    cmdline: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    said: str = ""
    heard: bool | None = None
    exit_code: int = 0
    error: str = ""

    @property
    def word(self) -> str:
        """What came of SIGTERM, in a word or two."""
        if self.error:
            return "does not start"
        if self.heard is None:
            return "ended by itself"
        return "hears TERM" if self.heard else "misses TERM"

    def says(self) -> str:
        """Return what happened in sentences."""
        if self.error:
            return f"It does not start: {self.error}."
        said = f'It said "{self.said}". ' if self.said else ""
        if self.heard is None:
            return f"{said}It ended by itself, with exit code {self.exit_code}."
        who = f"Process 1 is {self.process}, /proc/1/cmdline: {shlex.join(self.cmdline)}"
        if self.others:
            who += f"; it started {', '.join(self.others)}"
        elif len(self.cmdline) > 1 and self.cmdline[1].endswith(f"/{self.process}"):
            who += " (a script: the kernel put its interpreter in front)"
        who += "."
        if self.argv[:2] == DEFAULT_SHELL and self.process != "sh":
            who += " The shell has become its only command."
        if self.heard:
            return f"{said}{who} SIGTERM reached it, and it ended."
        passed = " and does not pass it on" if self.others else ""
        return f"{said}{who} SIGTERM goes to process 1, which does not react{passed}."


@dataclass(frozen=True, slots=True)
class Combination:
    """One cell: the forms of the two instructions, and what follows.

    Args:
        entrypoint: NONE, EXEC or SHELL.
        cmd: the same.
        words: the result, each word with where it comes from.
        dropped: words of CMD that the words of ``run`` replaced.
    """

    entrypoint: str
    cmd: str
    words: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is called when it is selected."""
        return f"{self.entrypoint}-{self.cmd}"

    @property
    def argv(self) -> tuple[str, ...]:
        """The words alone."""
        return tuple(word for word, _ in self.words)

    @property
    def line(self) -> str:
        """The words in one line, quoted where it matters."""
        return shlex.join(self.argv) or "nothing to run"


@dataclass(slots=True)
class Calculation:
    """Everything on show.

    Args:
        entrypoint: what stands behind ENTRYPOINT.
        cmd: what stands behind CMD.
        args: the words after the image's name.
        base: what the base image sets.
        chosen: (form of ENTRYPOINT, form of CMD) that is looked at.
        seen: what happened, by (form of ENTRYPOINT, form of CMD).
    """

    entrypoint: Command
    cmd: Command
    args: tuple[str, ...] = ()
    base: RunConfig = field(default_factory=RunConfig)
    chosen: tuple[str, str] = (NONE, NONE)
    seen: dict[tuple[str, str], Observed] = field(default_factory=dict)

    def forms(self, which: str) -> tuple[str, ...]:
        """Return the forms that there are of ENTRYPOINT or CMD."""
        command = self.entrypoint if which == ENTRYPOINT else self.cmd
        return FORMS if command.text else (NONE,)

    def combination(self, entrypoint: str, cmd: str) -> Combination:
        """Compute one cell."""
        in_file = self.entrypoint.config(entrypoint), self.cmd.config(cmd)
        first, rest = of_image(*in_file, self.base)
        image = RunConfig(entrypoint=first, cmd=rest)
        given = list(self.args) or None
        program, arguments = of_container(None, given, image)
        words = [*_sources(program, entrypoint if in_file[0] else "", ENTRYPOINT)]
        if given:
            words += [(word, RUN) for word in arguments or ()]
        else:
            words += _sources(arguments, cmd if in_file[1] else "", CMD)
        dropped = tuple(rest or ()) if given else ()
        return Combination(entrypoint, cmd, tuple(words), dropped)

    def all(self) -> list[Combination]:
        """Return all cells, row by row: CMD down, ENTRYPOINT across."""
        return [
            self.combination(entrypoint, cmd)
            for cmd in self.forms(CMD)
            for entrypoint in self.forms(ENTRYPOINT)
        ]

    def dockerfile(self, entrypoint: str, cmd: str) -> list[str]:
        """Return the lines of a Dockerfile for one cell."""
        lines = (("ENTRYPOINT", self.entrypoint, entrypoint), ("CMD", self.cmd, cmd))
        return [f"{name} {command.written(form)}" for name, command, form in lines if form != NONE]

    def summary(self) -> str:
        """Return one sentence about the whole."""
        total = len(self.all())
        if not self.seen:
            return f"{total} combinations, none tried in a container yet."
        seen = list(self.seen.values())
        hear = sum(one.heard is True for one in seen)
        missed = sum(one.heard is False for one in seen)
        return f"{len(seen)} of {total} combinations tried: {hear} hear SIGTERM, {missed} do not."


def _sources(words: list[str] | None, form: str, source: str) -> list[tuple[str, str]]:
    """Say of each word where it comes from."""
    if form == SHELL and words:
        return [*((word, SHELLS) for word in words[:-1]), (words[-1], source)]
    return [(word, source if form else "the base image") for word in words or ()]
