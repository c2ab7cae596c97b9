"""From tokens to a tree."""

from __future__ import annotations

from pyminidocker.cli.template.evaluate import Tree
from pyminidocker.cli.template.functions import FUNCTIONS
from pyminidocker.cli.template.lexer import Lexer, Token, unclosed
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONSTANTS = {"true": True, "false": False, "nil": None}


def parse(source: str) -> Tree:
    """Return the tree of a template.

    Raises:
        TemplateError: it is not a template; the message is Go's.
    """
    parser = _Parser(Lexer(source).run())
    nodes, end = parser.block(frozenset())
    if end:
        raise unclosed(parser.line, f"unexpected {{{{{end}}}}}")
    return Tree(nodes)


class _Parser:
    """Reads tokens from the left; never goes back more than one."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.line = 1
        self.variables: list[str] = ["$"]
        self.loops = 0

    # -- tokens

    def next(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        self.line = token.line
        return token

    def peek(self) -> Token:
        return self.tokens[self.index]

    def skip_space(self) -> Token:
        """Return the next token that is not a space, without taking it."""
        while self.peek().kind == "space":
            self.index += 1
        return self.peek()

    # -- blocks

    def block(self, ends: frozenset[str]) -> tuple[list[Any], str]:
        """Read up to one of the words ``ends`` (or to the end); return nodes and that word."""
        nodes: list[Any] = []
        while self.index < len(self.tokens):
            token = self.next()
            if token.kind == "text":
                nodes.append(Text(token.text))
                continue
            word = self.skip_space()
            if word.kind != "word" or word.text in _CONSTANTS or word.text in FUNCTIONS:
                nodes.append(Action(self.pipeline("command")))
                self.close("command")
                continue
            self.next()
            if word.text in ("end", "else"):
                if word.text not in ends:
                    raise unclosed(word.line, f"unexpected {{{{{word.text}}}}}")
                if word.text == "end":
                    self.close("end")
                return nodes, word.text
            nodes.append(self.control(word))
        if ends:
            raise unclosed(self.line, "unexpected EOF")
        return nodes, ""

    def control(self, word: Token) -> Any:
        """Read what begins with a keyword."""
        if word.text in ("break", "continue"):
            if not self.loops:
                raise unclosed(word.line, f"{{{{{word.text}}}}} outside {{{{range}}}}")
            self.close(word.text)
            return Jump(word.text)
        if word.text in ("if", "with", "range"):
            return self.branch(word.text)
        if word.text in ("define", "block", "template"):
            raise unclosed(word.line, f"{{{{{word.text}}}}} is not supported here")
        raise unclosed(word.line, f'function "{word.text}" not defined')

    def branch(self, kind: str) -> Branch:
        """Read the rest of ``{{if ...}} ... {{end}}``."""
        known = len(self.variables)
        pipeline = self.pipeline(kind)
        self.close(kind)
        self.loops += kind == "range"
        body, end = self.block(frozenset(("end", "else")))
        self.loops -= kind == "range"
        otherwise: list[Any] = []
        if end == "else":
            follower = self.skip_space()
            if follower.kind == "word" and follower.text == kind and kind != "range":
                self.next()
                otherwise = [self.branch(kind)]
            else:
                self.close("else")
                otherwise, _ = self.block(frozenset(("end",)))
        del self.variables[known:]
        return Branch(kind, pipeline, body, otherwise)

    def close(self, context: str) -> None:
        """Take ``}}``."""
        token = self.skip_space()
        if token.kind != "close":
            raise unclosed(token.line, f"unexpected <{token.text}> in {context}")
        self.next()

    # -- pipelines

    def pipeline(self, context: str) -> Pipeline:
        """Read ``[$x :=] command | command ...`` up to ``}}`` or ``)``."""
        first = self.skip_space()
        declares, assigns = self.declaration(context)
        commands: list[Any] = []
        start = self.index
        while True:
            token = self.skip_space()
            if token.kind in ("close", ")"):
                if not commands:
                    raise unclosed(token.line, f"missing value for {context}")
                break
            if token.kind == "|" and commands:
                self.next()
                token = self.skip_space()
                if token.kind in ("close", ")"):
                    raise unclosed(token.line, f"missing value for {context}")
            commands.append(self.command())
        source = "".join([token.text for token in self.tokens[start : self.index]]).strip()
        self.variables += [] if assigns else declares
        return Pipeline(Node(first.line, first.column, source), commands, declares, assigns=assigns)

    def declaration(self, context: str) -> tuple[list[str], bool]:
        """Read ``$x :=``, ``$x =`` or ``$i, $x :=`` if one stands here."""
        start, names = self.index, []
        while self.skip_space().kind == "variable":
            names.append(self.next().text)
            mark = self.skip_space()
            if mark.kind in (":=", "="):
                self.next()
                return names, mark.kind == "="
            if mark.kind != "," or context != "range" or len(names) > 1:
                break
            self.next()
        self.index = start
        return [], False

    def command(self) -> Any:
        """Read one operand, or a function or method with its arguments."""
        first = self.skip_space()
        place = Node(first.line, first.column, "")
        operands: list[Any] = []
        start = self.index
        while True:
            token = self.skip_space()
            if token.kind in ("close", ")", "|"):
                break
            operands.append(self.operand())
            after = self.peek()
            if after.kind not in ("space", "close", ")", "|"):
                raise unclosed(after.line, f"unexpected <{after.text}> in operand")
        place.source = "".join([token.text for token in self.tokens[start : self.index]]).strip()
        head, arguments = operands[0], operands[1:]
        if isinstance(head, Call):
            head.arguments = arguments
            head.source = place.source if arguments else head.source
            return head
        if arguments:
            if not isinstance(head, Field) or not head.names:
                raise unclosed(first.line, f"can't give argument to non-function {head.source}")
            return Call(place, head, arguments)
        return head

    def operand(self) -> Any:
        """Read one value with the fields behind it."""
        token = self.next()
        place = Node(token.line, token.column, token.text)
        value: Any
        if token.kind in ("string", "number"):
            return Literal(place, token.value)
        if token.kind == "word":
            if token.text in _CONSTANTS:
                return Literal(place, _CONSTANTS[token.text])
            if token.text not in FUNCTIONS:
                raise unclosed(token.line, f'function "{token.text}" not defined')
            return Call(place, token.text, [])
        if token.kind == "(":
            value = Field(place, self.pipeline("parenthesized pipeline"), [])
            if self.skip_space().kind != ")":
                raise unclosed(token.line, "unclosed left paren")
            self.next()
            place.source = value.start.source
        elif token.kind == "variable":
            if token.text not in self.variables:
                raise unclosed(token.line, f'undefined variable "{token.text}"')
            value = Field(place, token.text, [])
        elif token.kind in ("field", "."):
            value = Field(place, None, [token.text[1:]] if token.kind == "field" else [])
        else:
            raise unclosed(token.line, f"unexpected {token.text!r} in operand")
        return self.fields(value)

    def fields(self, value: Field) -> Field:
        """Add the ``.Name``s that follow without a space."""
        moved = False
        while self.peek().kind == "field":
            token = self.next()
            value.names.append(token.text[1:])
            value.source += token.text
            if not moved:  # Go names the place of the second link of a chain
                value.line, value.column, moved = token.line, token.column, True
        return value
