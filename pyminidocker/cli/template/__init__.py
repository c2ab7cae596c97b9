"""The part of Go's text/template that people use in ``--format``.

Docker's client is a Go program and hands its users Go's template language: fields
(``{{.State.Status}}``), pipes, ``if``, ``range``, ``with``, variables, comparisons and Docker's own
functions (``json``, ``join``, ``upper`` ...).  ``parse`` makes a tree of a template;
``Tree.render`` fills it with plain Python values.

See: https://pkg.go.dev/text/template; https://docs.docker.com/engine/cli/formatting/
"""

from pyminidocker.cli.template.evaluate import Methods, Tree
from pyminidocker.cli.template.nodes import TemplateError
from pyminidocker.cli.template.parser import parse

__all__ = ["Methods", "TemplateError", "Tree", "parse"]
