"""A thing that can be broken to order, to hold in a notebook.

with engine.fault("dns", web).inject():   # repaired at the end
    web.exec("nslookup db")
"""

from typing import Any, Self

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.table import html_table


class Fault:
    """One fault of one target.  Whether it is broken is read from the kernel, every time.

    Args:
        api: the calls of its engine.
        name: of the fault.
        target: name or id of a container or network; empty for the whole lab.

    Raises:
        NotFound: no such fault, container or network.
    """

    def __init__(self, api: EngineClient, name: str, target: str = "") -> None:
        self.api = api
        self.name = name
        self.target = target
        self.look()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.repair()

    def look(self) -> dict[str, Any]:
        """Return ``IsBroken`` and ``Evidence``, as it is now."""
        return self.api.fault_look(self.name, self.target)

    @property
    def is_broken(self) -> bool:
        """Whether it is broken: asked now."""
        return bool(self.look()["IsBroken"])

    @property
    def evidence(self) -> str:
        """What shows it: asked now."""
        return str(self.look()["Evidence"])

    def inject(self) -> Self:
        """Break it and return self.

        Raises:
            Conflict: the container does not run, or has nothing that could be broken so.
        """
        self.api.fault_inject(self.name, self.target)
        return self

    def repair(self) -> Self:
        """Repair it and return self; safe when it is not broken."""
        self.api.fault_repair(self.name, self.target)
        return self

    def _facts(self) -> list[list[str]]:
        state = self.look()
        return [
            ["target", self.target or "the lab"],
            ["state", "BROKEN" if state["IsBroken"] else "works"],
            ["evidence", str(state["Evidence"])],
        ]

    def __repr__(self) -> str:
        (_, target), (_, state), (_, evidence) = self._facts()
        return f"<Fault {self.name} of {target}: {state}, {evidence}>"

    def _repr_html_(self) -> str:
        return html_table(["fault", self.name], self._facts())
