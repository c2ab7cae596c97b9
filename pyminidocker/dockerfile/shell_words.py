"""Variables in words, as Docker puts them in: ``$x``, ``${x:-word}``, ``${x#pattern}`` and so on."""

from __future__ import annotations

from pyminidocker.errors import NotImplementedHere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def expand(
    word: str, lookup: Callable[[str], str | None], escape: str = "\\", *, quotes: bool = True
) -> str:
    """Put variables into ``word`` and take its quotes and escapes away.

    Args:
        word: as it stands in the Dockerfile.
        lookup: value of a variable, or None when it is not set; whoever needs to know which were
            used notes it there.
        escape: the escape character.
        quotes: quotes mean something; False for the content of a heredoc.

    Raises:
        InvalidArgument: bad substitution, or ``${x:?text}`` of a variable that is not set.
    """
    raise NotImplementedHere(f"cannot be expanded yet: {word}")


def expand_words(
    text: str, lookup: Callable[[str], str | None], escape: str = "\\"
) -> tuple[str, ...]:
    """Put variables into ``text`` and split the result into words, as EXPOSE does.

    Raises:
        InvalidArgument: as ``expand``.
    """
    raise NotImplementedHere(f"cannot be expanded yet: {text}")
