"""Fill a template with values."""

from __future__ import annotations

from pyminidocker.cli.template.functions import FUNCTIONS
from pyminidocker.cli.template.nodes import (
    Action,
    Branch,
    Call,
    Field,
    Jump,
    Literal,
    Node,
    Pipeline,
    Text,
)  # fmt: skip
from pyminidocker.cli.template.values import OMITTED, shown, truth, typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_MISSING = object()


class Methods:
    """A value whose fields are computed when asked for (a row of a listing).

    Args:
        type_name: Go's name of the type, for error messages.
        fields: name -> function of the arguments given in the template.
    """

    def __init__(self, type_name: str, fields: dict[str, Callable[..., Any]]) -> None:
        self.type_name = type_name
        self.fields = fields

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that need no argument, by name."""
        return {name: self.fields[name]() for name in sorted(self.fields) if name != "Label"}


class _Break(Exception):
    """Leaves a range."""


class _Continue(Exception):
    """Goes on with the next round of a range."""


class Tree:
    """A parsed template."""

    def __init__(self, nodes: list[Any]) -> None:
        self._nodes = nodes

    def render(self, value: Any) -> str:
        """Return the template filled with ``value``.

        Raises:
            TemplateError: ``value`` does not have what the template asks for.
        """
        return _Run(value).nodes(self._nodes, value)


class _Run:
    """One rendering: the variables and what was written so far."""

    def __init__(self, value: Any) -> None:
        self.variables: list[tuple[str, Any]] = [("$", value)]

    def nodes(self, nodes: list[Any], dot: Any) -> str:
        """Return the text of ``nodes``."""
        pieces: list[str] = []
        self._into(pieces, nodes, dot)
        return "".join(pieces)

    def _into(self, pieces: list[str], nodes: list[Any], dot: Any) -> None:
        for node in nodes:
            if isinstance(node, Text):
                pieces.append(node.text)
            elif isinstance(node, Action):
                value = self.pipeline(node.pipeline, dot)
                if not node.pipeline.declares:
                    pieces.append(_printable(value))
            elif isinstance(node, Branch):
                known = len(self.variables)
                self._branch(pieces, node, dot)
                del self.variables[known:]
            elif isinstance(node, Jump):
                raise _Break if node.kind == "break" else _Continue

    def _branch(self, pieces: list[str], node: Branch, dot: Any) -> None:
        if node.kind == "range":
            self._range(pieces, node, dot)
            return
        value = self.pipeline(node.pipeline, dot)
        if truth(value):
            self._into(pieces, node.body, value if node.kind == "with" else dot)
        else:
            self._into(pieces, node.otherwise, dot)

    def _range(self, pieces: list[str], node: Branch, dot: Any) -> None:
        names = node.pipeline.declares
        value = self.pipeline(node.pipeline, dot, declare=False)
        known = len(self.variables)
        rounds = 0
        for key, item in _items(node.pipeline, value):
            rounds += 1
            if len(names) == 1:
                self.variables.append((names[0], item))
            elif names:
                self.variables += [(names[0], key), (names[1], item)]
            try:
                self._into(pieces, node.body, item)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del self.variables[known:]
        if not rounds:
            self._into(pieces, node.otherwise, dot)

    def pipeline(self, pipeline: Pipeline, dot: Any, *, declare: bool = True) -> Any:
        """Return the value of a pipeline; set its variables."""
        value: Any = _MISSING
        for command in pipeline.commands:
            if isinstance(command, Literal) and command.value is None:
                raise command.error("nil is not a command")
            value = self.command(command, dot, value)
        if declare and pipeline.declares:
            name = pipeline.declares[0]
            if pipeline.assigns:
                self._assign(name, value)
            else:
                self.variables.append((name, value))
        return value

    def _assign(self, name: str, value: Any) -> None:
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = (name, value)
                return

    def command(self, node: Any, dot: Any, piped: Any) -> Any:
        """Return the value of a command that gets ``piped`` as its last argument."""
        if isinstance(node, Call):
            if node.function in ("and", "or"):
                return self._early(node, dot, piped)
            arguments = [self.command(one, dot, _MISSING) for one in node.arguments]
            if piped is not _MISSING:
                arguments.append(piped)
            if isinstance(node.function, Field):
                return self._field(node.function, dot, arguments)
            return self._call(node, node.function, arguments)
        if piped is not _MISSING:
            if isinstance(node, Field) and node.names:
                return self._field(node, dot, [piped])
            raise node.error(f"can't give argument to non-function {node.source}")
        if isinstance(node, Literal):
            return node.value
        return self._field(node, dot, [])

    def _early(self, node: Call, dot: Any, piped: Any) -> Any:
        """``and`` and ``or`` evaluate no further than they must."""
        value: Any = _MISSING
        for argument in node.arguments:
            value = self.command(argument, dot, _MISSING)
            if truth(value) == (node.function == "or"):
                return value
        value = piped if piped is not _MISSING else value
        if value is _MISSING:
            raise node.error(f"wrong number of args for {node.function}: want at least 1 got 0")
        return value

    def _call(self, node: Call, name: str, arguments: list[Any]) -> Any:
        if name == "json" and arguments and isinstance(arguments[0], Methods):
            arguments = [arguments[0].as_dict()]
        try:
            return FUNCTIONS[name](*arguments)
        except TypeError:
            raise node.error(f"wrong number of args for {name}: got {len(arguments)}") from None
        except (ValueError, AttributeError) as error:
            raise node.error(f"error calling {name}: {error}") from None

    def _field(self, node: Field, dot: Any, arguments: list[Any]) -> Any:
        if node.start is None:
            value = dot
        elif isinstance(node.start, Pipeline):
            value = self.pipeline(node.start, dot)
        else:
            value = next(v for name, v in reversed(self.variables) if name == node.start)
        last = len(node.names) - 1
        for position, name in enumerate(node.names):
            value = _look_up(node, value, name, arguments if position == last else [])
        return value


def _look_up(node: Field, value: Any, name: str, arguments: list[Any]) -> Any:
    if isinstance(value, Methods):
        if name not in value.fields:
            raise node.error(f"can't evaluate field {name} in type *{value.type_name}")
        try:
            return value.fields[name](*arguments)
        except TypeError:
            what = f"wrong number of args for {name}: got {len(arguments)}"
            raise node.error(what) from None
    if arguments:
        raise node.error(f"{name} has arguments but cannot be invoked as function")
    if isinstance(value, dict):
        if name in OMITTED:
            return typed(name, value.get(name, OMITTED[name]))
        if name not in value:
            raise node.error(f'map has no entry for key "{name}"')
        return typed(name, value[name])
    if value is None:
        raise node.error(f"nil pointer evaluating interface {{}}.{name}")
    raise node.error(f"can't evaluate field {name} in type interface {{}}")


def _items(node: Node, value: Any) -> Iterator[tuple[Any, Any]]:
    if value is None:
        return
    if isinstance(value, dict):
        for key in sorted(value):
            yield key, value[key]
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        for number in range(value):
            yield number, number
    else:
        raise node.error(f"range can't iterate over {shown(value)}")


def _printable(value: Any) -> str:
    if isinstance(value, Methods):
        return "{" + " ".join([shown(item) for item in value.as_dict().values()]) + "}"
    return shown(value)
