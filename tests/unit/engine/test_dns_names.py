"""Which name means what to whom."""

import time

import pytest

from pyminidocker.engine.dns_names import AAAA, A, find, find_address, name_on
from tests.support.names import FakeEngine

MX = 15


@pytest.fixture
def world():
    """Two networks; ``web`` on the first, ``db`` on both."""
    engine = FakeEngine()
    engine.front = engine.networks.make("front")
    engine.back = engine.networks.make("back.end")
    engine.web = engine.container("web", (engine.front, "10.1.0.2"), hostname="w3")
    engine.db = engine.container(
        "Db",
        (engine.front, "10.1.0.3", {"aliases": ["Store"], "ip6_address": "fd00::3"}),
        (engine.back, "10.2.0.3", {"aliases": ["store2"]}),
    )
    return engine


@pytest.mark.parametrize("name", ["db", "000000000002", "store", "db.front", "store.front"])
def test_names_by_which_a_container_is_found(world, name):
    assert find(world, world.web, name, A) == ["10.1.0.3"]


def test_the_host_name_is_a_name(world):
    assert find(world, world.db, "w3", A) == ["10.1.0.2"]


def test_a_container_finds_itself(world):
    assert find(world, world.web, "web", A) == ["10.1.0.2"]


@pytest.mark.parametrize("name", ["store2", "db.back.end", "nobody", "example.com", "", "front"])
def test_names_that_are_none_of_the_askers(world, name):
    assert find(world, world.web, name, A) is None


def test_name_and_network_may_both_contain_dots(world):
    world.container("a.b", (world.back, "10.2.0.9"))
    assert find(world, world.db, "a.b", A) == ["10.2.0.9"]
    assert find(world, world.db, "a.b.back.end", A) == ["10.2.0.9"]
    assert find(world, world.db, "db.back.end", A) == ["10.2.0.3"]


def test_without_ipv6_there_is_no_such_data_and_no_such_name_is_another_thing(world):
    assert find(world, world.web, "db", AAAA) == ["fd00::3"]
    assert find(world, world.db, "web", AAAA) == []
    assert find(world, world.db, "web", MX) == []
    assert find(world, world.db, "nobody", AAAA) is None


def test_an_alias_of_several_containers_means_all_of_them(world):
    world.container("other", (world.front, "10.1.0.8", {"aliases": ["store"]}))
    assert sorted(find(world, world.web, "store", A)) == ["10.1.0.3", "10.1.0.8"]


def test_a_link_is_the_askers_alone(world):
    world.web.record.endpoints["front"].links.append("Db:database")
    assert find(world, world.web, "database", A) == ["10.1.0.3"]
    assert find(world, world.db, "database", A) is None
    world.disconnect(world.db, world.front)
    assert find(world, world.web, "database", A) is None


def test_changes_count_at_once(world):
    assert find(world, world.web, "late", A) is None
    late = world.container("late", (world.front, "10.1.0.77"))
    assert find(world, world.web, "late", A) == ["10.1.0.77"]
    world.containers.index.rename(late, "later")
    assert find(world, world.web, "late", A) is None
    assert find(world, world.web, "later", A) == ["10.1.0.77"]
    world.disconnect(late, world.front)
    assert find(world, world.web, "later", A) is None


def test_no_names_on_the_default_bridge(world):
    bridge = world.networks.make("bridge")
    one = world.container("one", (bridge, "172.17.0.2"))
    world.container("two", (bridge, "172.17.0.3"))
    assert find(world, one, "two", A) is None
    assert find(world, one, "one", A) is None
    assert find_address(world, one, "172.17.0.3") is None


def test_an_address_has_the_name_with_its_network(world):
    assert find_address(world, world.web, "10.1.0.3") == ["Db.front"]
    assert find_address(world, world.web, "fd00::3") == ["Db.front"]
    assert find_address(world, world.db, "10.2.0.3") == ["Db.back.end"]
    assert find_address(world, world.web, "10.2.0.3") is None


def test_a_name_that_dns_cannot_carry_is_left_out(world):
    world.container("x" * 64, (world.front, "10.1.0.9"))
    assert find_address(world, world.web, "10.1.0.9") is None


@pytest.mark.parametrize(
    ("name", "there"), [("a", "a"), ("a.wide", "a"), ("a.com", ""), ("a.b.wide", "a.b"), ("", "")]
)
def test_only_bare_names_and_those_of_the_network_are_asked_of_other_hosts(world, name, there):
    assert name_on(world.networks.make("Wide", "overlay"), name) == there


def test_two_hundred_containers_are_looked_through_quickly(world):
    for number in range(200):
        world.container(f"c{number}", (world.front, f"10.1.1.{number}", {"aliases": ["all"]}))
    began = time.process_time()
    for _ in range(100):
        assert find(world, world.web, "c150", A) == ["10.1.1.150"]
    assert time.process_time() - began < 0.2  # 0.1 ms each is usual
    assert len(find(world, world.web, "all", A)) == 200
