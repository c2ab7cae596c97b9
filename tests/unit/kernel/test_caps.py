from pyminidocker.kernel import caps, procfs
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES


def test_dockers_fourteen_are_the_well_known_mask():
    assert caps.mask_of(DEFAULT_CAPABILITIES) == 0xA80425FB
    assert sorted(caps.names_of(0xA80425FB)) == sorted(DEFAULT_CAPABILITIES)


def test_numbers_of_a_few():
    assert caps.NUMBERS["CAP_CHOWN"] == 0
    assert caps.NUMBERS["CAP_SYS_ADMIN"] == 21
    assert caps.NUMBERS["CAP_CHECKPOINT_RESTORE"] == 40
    assert len(caps.NAMES) == 41


def test_the_kernel_knows_at_least_these():
    assert caps.last_capability() >= 37
    assert procfs.capability_sets("self")["effective"] >= 0
