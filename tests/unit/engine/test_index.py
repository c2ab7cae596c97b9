"""Containers are found as dockerd finds them."""

import asyncio
from collections.abc import Iterator

import pytest

from pyminidocker.engine.container import Container
from pyminidocker.engine.index import Index
from pyminidocker.engine.records import ContainerConfig, ContainerRecord, HostOptions
from pyminidocker.errors import Conflict, InvalidArgument, NotFound

FIRST = "aa" * 32


def _container(container_id: str, name: str) -> Container:
    record = ContainerRecord(
        id=container_id,
        name=name,
        created=0.0,
        image_id="",
        image="",
        path="sh",
        args=[],
        config=ContainerConfig(),
        host=HostOptions(),
    )
    return Container(record, f"/nowhere/{container_id}")


@pytest.fixture
def index() -> Iterator[Index]:
    with asyncio.Runner():
        made = Index()
        made.add(_container(FIRST, "web"))
        made.add(_container("ab" * 32, "db"))
        made.add(_container("cd" * 32, "aa"))
        yield made


def test_by_full_id_name_and_prefix(index: Index) -> None:
    assert index.find("ab" * 32).name == "db"
    assert index.find("db").name == "db"
    assert index.find("/db").name == "db"
    assert index.find("ab").name == "db"
    assert index.find("c").name == "aa"


def test_a_name_wins_over_a_prefix(index: Index) -> None:
    assert index.find("aa").id == "cd" * 32


def test_ambiguous_and_unknown(index: Index) -> None:
    with pytest.raises(InvalidArgument, match="Multiple IDs found with provided prefix: a"):
        index.find("a")
    for ref in ("x", "", "aaab"):
        with pytest.raises(NotFound, match=f"No such container: {ref}"):
            index.find(ref)


def test_discard_and_rename(index: Index) -> None:
    index.rename(index.find("web"), "site")
    assert index.find("site").record.name == "site"
    with pytest.raises(NotFound):
        index.find("web")
    index.discard(index.find("site"))
    index.check_name("site")
    assert index.find("a").name == "db"


def test_a_name_in_use_is_refused_in_dockers_words(index: Index) -> None:
    with pytest.raises(Conflict) as caught:
        index.check_name("web")
    assert str(caught.value) == (
        f'Conflict. The container name "/web" is already in use by container "{FIRST}". You have to'
        " remove (or rename) that container to be able to reuse that name."
    )


@pytest.mark.parametrize("name", ["a b", "-a", "x", "ü", "a/b", "/", "//ab"])
def test_bad_names(index: Index, name: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid container name"):
        index.check_name(name)
