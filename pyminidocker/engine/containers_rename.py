"""``rename``: a container gets another name."""

from typing import TYPE_CHECKING

from pyminidocker.engine.container import Container
from pyminidocker.errors import Conflict, InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


def rename(engine: "Engine", container: Container, new_name: str) -> None:
    """Give a container another name; see ``Containers.rename``."""
    new_name = new_name.removeprefix("/")
    if not new_name:
        raise InvalidArgument("Neither old nor new names may be empty")
    if new_name == container.name:
        raise InvalidArgument("Renaming a container with the same name as its current name")
    try:
        engine.containers.index.check_name(new_name)
    except (InvalidArgument, Conflict) as error:
        raise type(error)(f"Error when allocating new name: {error}") from None
    old_name = container.name
    engine.containers.index.rename(container, new_name)
    container.save()
    engine.events.emit(
        "container",
        "rename",
        container.id,
        {**container.event_attributes(), "oldName": f"/{old_name}"},
    )
