"""How an image came to be: its config's history, joined with layer sizes and local image ids."""

from collections.abc import Callable, Mapping

from pyminidocker.images.catalog import parse_time
from pyminidocker.images.records import HistoryEntry, Image


def history_of(
    image: Image, images: Mapping[str, Image], tags: Callable[[str], list[str]]
) -> list[HistoryEntry]:
    """Return the steps that made ``image``, newest first.

    A step has an id when an image made from exactly the steps so far is in the store; all others
    are ``<missing>``, which worries people and only means "made elsewhere".

    Args:
        image: whose history.
        images: all images, by id.
        tags: gives an image's names.

    See: OCI image-spec config.md, history and empty_layer.
    """
    sizes = [layer.size for layer in image.layers]
    steps = image.config.history
    if not steps:  # legal, if unhelpful: show the layers at least
        return [
            HistoryEntry("<missing>", image.created, "", size, "") for size in reversed(sizes)
        ] or [HistoryEntry(image.id, image.created, "", 0, "", tuple(tags(image.id)))]
    entries: list[HistoryEntry] = []
    left = iter(sizes)
    for step in steps:
        size = 0 if step.empty_layer else next(left, 0)
        entries.append(
            HistoryEntry("<missing>", parse_time(step.created), step.created_by, size, step.comment)
        )
    entries.reverse()
    known: Image | None = image
    for position, entry in enumerate(entries):
        if known is None:
            break
        entries[position] = HistoryEntry(
            known.id,
            entry.created,
            entry.created_by,
            entry.size,
            entry.comment,
            tuple(tags(known.id)),
        )
        known = images.get(known.parent)
    return entries
