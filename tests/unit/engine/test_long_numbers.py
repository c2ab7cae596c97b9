"""Numbers that people and programs may write, of any length and script, are refused by name.

int() raises ValueError for 4301 digits and takes digits of all scripts: neither may get through.
"""

import pytest

from pyminidocker.client.ports import port_range
from pyminidocker.engine import ports
from pyminidocker.engine.config_changes import apply_lines
from pyminidocker.engine.networks_create import _mtu
from pyminidocker.engine.overlay import read_options
from pyminidocker.errors import InvalidArgument
from pyminidocker.network.capture_filter import _port_number
from pyminidocker.network.ipam import parse_network
from pyminidocker.oci.image_spec import RunConfig
from pyminidocker.units import whole_number

NONSENSE = ("9" * 5000, "²", "١", "-1", "")


@pytest.mark.parametrize("number", NONSENSE, ids=["long", "square", "arabic", "negative", "none"])
def test_nonsense_is_refused_by_name(number: str) -> None:
    assert whole_number(number) == -1
    assert list(ports.exposed([f"{number}/tcp", f"80-{number}/tcp"])) == []
    with pytest.raises(InvalidArgument, match=r"containerPort|port specification"):
        ports.check({f"{number}/tcp": []})
    with pytest.raises(InvalidArgument, match="invalid CIDR block notation"):
        parse_network(f"10.0.0.0/{number}")
    with pytest.raises(InvalidArgument, match="in the filter"):
        _port_number(number)
    with pytest.raises(InvalidArgument, match=r"containerPort|at least one argument"):
        apply_lines(RunConfig(), [f"EXPOSE {number}"])
    with pytest.raises(ValueError, match=r"^wrong: "):
        port_range(number, "wrong")
    if number:
        with pytest.raises(InvalidArgument, match="network identifier"):
            read_options({"vni": number})
        with pytest.raises(InvalidArgument, match=r"failed to parse|invalid MTU"):
            _mtu({"com.docker.network.driver.mtu": number}, enable_ipv6=False)
