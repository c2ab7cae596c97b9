import pytest

from pyminidocker.kernel import userns


@pytest.fixture
def subuid(tmp_path):
    path = tmp_path / "subuid"
    path.write_text(
        "# a comment\nnobody-here:1:2\n4242:100000:1000\n4242:200000:65536\n"
        "root:300000:65536\nbad:x:y\n"
    )
    return str(path)


def test_the_largest_range_wins(subuid):
    assert userns.granted_range(subuid, 4242) == (200000, 65536)


def test_users_may_stand_there_by_name(subuid):
    assert userns.granted_range(subuid, 0) == (300000, 65536)


def test_no_range(subuid):
    assert userns.granted_range(subuid, 7) is None
    assert userns.granted_range("/no/such/file", 4242) is None


def test_an_ordinary_user_gets_one_id_without_help(monkeypatch):
    monkeypatch.setattr(userns, "find_helper", lambda program: "")
    assert userns.plan_maps(4242, 4343) == ([(0, 4242, 1)], [(0, 4343, 1)])


def test_ranges_are_used_with_the_helpers(monkeypatch, subuid):
    monkeypatch.setattr(userns, "find_helper", lambda program: f"/usr/bin/{program}")
    real = userns.granted_range
    monkeypatch.setattr(userns, "granted_range", lambda path, uid: real(subuid, uid))
    expected = [(0, 4242, 1), (1, 200000, 65536)]
    assert userns.plan_maps(4242, 4242) == (expected, expected)
    assert userns.plan_maps(4242, 4242, use_ranges=False) == ([(0, 4242, 1)],) * 2


def test_root_maps_every_id_it_has_onto_itself():
    uids, gids = userns.plan_maps(0, 0)
    assert all(inside == outside for inside, outside, _ in uids + gids)


def test_own_map_is_readable():
    assert all(len(row) == 3 for row in userns.read_map("self"))
