"""What a template is made of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TemplateError(Exception):
    """A template cannot be parsed, or cannot be filled with these values."""


class Node:
    """Where in the template a thing stands, for error messages."""

    __slots__ = ("column", "line", "source")

    def __init__(self, line: int, column: int, source: str) -> None:
        self.line, self.column, self.source = line, column, source

    def error(self, message: str) -> TemplateError:
        """Return an execution error at this place, in Go's words."""
        where = f"template: :{self.line}:{self.column}"
        return TemplateError(f'{where}: executing "" at <{self.source}>: {message}')


class Literal(Node):
    """A string, number, boolean or nil."""

    __slots__ = ("value",)

    def __init__(self, place: Node, value: Any) -> None:
        super().__init__(place.line, place.column, place.source)
        self.value = value


class Field(Node):
    """``.A.B``, ``$x.A``, ``(pipeline).A``: names looked up one after another."""

    __slots__ = ("names", "start")

    def __init__(self, place: Node, start: Any, names: list[str]) -> None:
        super().__init__(place.line, place.column, place.source)
        self.start = start  # None: the dot; "$x": a variable; a Pipeline
        self.names = names


class Call(Node):
    """``function argument ...`` or ``.Method argument ...``."""

    __slots__ = ("arguments", "function")

    def __init__(self, place: Node, function: str | Field, arguments: list[Any]) -> None:
        super().__init__(place.line, place.column, place.source)
        self.function = function
        self.arguments = arguments


class Pipeline(Node):
    """Commands joined by ``|``, whose result may go into variables."""

    __slots__ = ("assigns", "commands", "declares")

    def __init__(
        self, place: Node, commands: list[Any], declares: list[str], *, assigns: bool
    ) -> None:
        super().__init__(place.line, place.column, place.source)
        self.commands = commands
        self.declares = declares
        self.assigns = assigns


class Text:
    """What is printed as it stands."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Action:
    """``{{pipeline}}``: print its value."""

    __slots__ = ("pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline


class Branch:
    """``if``, ``with`` and ``range``."""

    __slots__ = ("body", "kind", "otherwise", "pipeline")

    def __init__(
        self, kind: str, pipeline: Pipeline, body: list[Any], otherwise: list[Any]
    ) -> None:
        self.kind = kind
        self.pipeline = pipeline
        self.body = body
        self.otherwise = otherwise


class Jump:
    """``break`` or ``continue``."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind
