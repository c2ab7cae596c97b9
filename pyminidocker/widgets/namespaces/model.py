"""What the lens knows: processes, their eight namespaces, and the facts behind them.

All of it is read from ``/proc``, at one moment, without entering any namespace.  Facts come in two
wordings: ``live`` with the numbers of the moment, ``still`` without what differs from run to run or
tells about the reader's machine (a saved notebook is read by others).
"""

from dataclasses import dataclass, field, replace

from pyminidocker.widgets.namespaces.meaning import MEANINGS, Meaning


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a namespace makes a process see.

    Args:
        live: with the numbers of the moment.
        still: the same on every run.
        evidence: more of the moment, for the details.
    """

    live: str
    still: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A process under the lens.

    Args:
        label: what people call it.
        host_pid: its number as this notebook sees it.
        pids: its number in every pid namespace it is in, outermost first.
        command: what it runs.
        start_ticks: when it started (a reused pid is another process).
        namespaces: inode number by kind; a kind that may not be read is missing.
        facts: by kind of namespace.
    """

    label: str
    host_pid: int
    pids: tuple[int, ...]
    command: str
    start_ticks: int
    namespaces: dict[str, int]
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def inside_pid(self) -> int:
        """The number it has in its own pid namespace."""
        return self.pids[-1]

    def renamed(self, label: str) -> "Subject":
        """Return the same process under another name."""
        return replace(self, label=label)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of namespace across all subjects.

    Args:
        meaning: what this kind isolates.
        numbers: inode number per subject, None where it may not be read.
        groups: subjects in the same namespace have the same small number, counted from 0; -1
            where it may not be read.
        facts: per subject.
    """

    meaning: Meaning
    numbers: tuple[int | None, ...]
    groups: tuple[int, ...]
    facts: tuple[Fact, ...]

    @property
    def verdict(self) -> str:
        """``same``, ``different``, ``partly same`` (of three or more) or ``not readable``."""
        if -1 in self.groups:
            return "not readable"
        kinds = len(set(self.groups))
        if kinds == 1:
            return "same"
        return "different" if kinds == len(self.groups) else "partly same"

    @property
    def consequence(self) -> str:
        """What follows from it, in plain words."""
        if self.verdict == "not readable":
            return (
                "The kernel shows a process's namespaces only to its own user and to those who "
                "may trace it."
            )
        return self.meaning.shared if self.verdict == "same" else self.meaning.split

    def runs(self) -> list[tuple[int, int]]:
        """Return (first, last) of each run of neighbours that share the namespace."""
        found: list[tuple[int, int]] = []
        for index, group in enumerate(self.groups):
            if found and group >= 0 and self.groups[index - 1] == group:
                found[-1] = (found[-1][0], index)
            else:
                found.append((index, index))
        return found


@dataclass(frozen=True, slots=True)
class Lens:
    """All subjects at one moment.

    Args:
        subjects: in the order of the picture.
        kernel_release: of the one kernel under all of them.
    """

    subjects: tuple[Subject, ...]
    kernel_release: str

    @property
    def names(self) -> str:
        """What the subjects are called: "a, b and c"."""
        *first, last = (subject.label for subject in self.subjects)
        return f"{', '.join(first)} and {last}" if first else last

    def rows(self) -> list[Row]:
        """Return the eight kinds in the order of the picture."""
        return [self._row(meaning) for meaning in MEANINGS]

    def row(self, key: str) -> Row:
        """Return one kind."""
        return next(row for row in self.rows() if row.meaning.key == key)

    def _row(self, meaning: Meaning) -> Row:
        numbers = tuple(subject.namespaces.get(meaning.key) for subject in self.subjects)
        order = list(dict.fromkeys(number for number in numbers if number is not None))
        unknown = Fact("not readable", "not readable")
        return Row(
            meaning,
            numbers,
            tuple(-1 if number is None else order.index(number) for number in numbers),
            tuple(subject.facts.get(meaning.key, unknown) for subject in self.subjects),
        )

    def summary(self) -> str:
        """Return one sentence: how many of the eight are shared."""
        verdicts = [row.verdict for row in self.rows()]
        same = verdicts.count("same")
        names = ", ".join(r.meaning.key for r in self.rows() if r.verdict == "same")
        if hidden := verdicts.count("not readable"):
            return f"{hidden} of 8 namespaces may not be read; the kernel is shared in any case."
        if same == len(MEANINGS):
            return "All eight namespaces are shared: these processes see the same machine."
        if not same:
            return "No namespace is shared; the kernel still is."
        return f"{same} of 8 namespaces shared ({names}); the kernel is shared in any case."
