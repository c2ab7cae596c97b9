"""What a finished command left behind."""

from html import escape
from typing import Any, Self


class RunResult(str):
    """The standard output of a command, as text, and what else there is to know about it.

    It is a ``str``: print it, search it, split it.

    Attributes:
        stdout: standard output as text (the same as the string itself).
        stderr: standard error as text.
        exit_code: 0 is success; 125-127 and 128 + signal number as Docker has them.
        stdout_bytes: standard output as it came.
        stderr_bytes: standard error as it came.
        command: what was run.
    """

    __slots__ = ("command", "exit_code", "stderr", "stderr_bytes", "stdout", "stdout_bytes")

    stdout: str
    stderr: str
    exit_code: int
    stdout_bytes: bytes
    stderr_bytes: bytes
    command: list[str]

    def __new__(
        cls,
        stdout: bytes,
        stderr: bytes = b"",
        exit_code: int = 0,
        command: list[str] | None = None,
    ) -> Self:
        """Build it from bytes as they came."""
        text = stdout.decode("utf-8", "replace")
        self = super().__new__(cls, text)
        self.stdout = text
        self.stderr = stderr.decode("utf-8", "replace")
        self.exit_code = exit_code
        self.stdout_bytes, self.stderr_bytes = stdout, stderr
        self.command = command or []
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return RunResult, (self.stdout_bytes, self.stderr_bytes, self.exit_code, self.command)

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    def __repr__(self) -> str:
        parts = [self.stdout.rstrip("\n"), self.stderr.rstrip("\n")]
        if self.exit_code:
            parts.append(f"[exit code {self.exit_code}]")
        return "\n".join(part for part in parts if part)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        out = escape(self.stdout.rstrip("\n"))
        error = escape(self.stderr.rstrip("\n"))
        blocks = [f"<pre>{out}</pre>"] if out else []
        if error:
            blocks.append(f'<pre style="color:var(--jp-error-color1,#c62828)">{error}</pre>')
        if self.exit_code:
            blocks.append(f"<pre>[exit code {self.exit_code}]</pre>")
        return "".join(blocks)
