"""environment.yml and pyproject.toml describe one environment."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
CONDA_NAMES = {"matplotlib": "matplotlib-base"}  # the same library without the Qt back-end
FIXED_BY_THE_USER = {"jupyterlab", "ipywidgets", "matplotlib", "nbval", "pyroute2"}


def project() -> dict:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


def pip_requirements() -> dict[str, str]:
    """What `make lab` installs: name -> version specifier."""
    lines = [*project()["dependencies"], *project()["optional-dependencies"]["lab"]]
    # Markers are pip's alone: a conda environment may have a package the interpreter does not need.
    bare = [line.partition(";")[0].strip() for line in lines]
    matches = [re.fullmatch(r"([A-Za-z0-9_.-]+?)([<>=].*)", line) for line in bare]
    return {match[1]: match[2] for match in matches}


def conda_environment() -> dict:
    return yaml.safe_load((CHECKOUT / "environment.yml").read_text())


def conda_requirements() -> dict[str, str]:
    """What conda installs: name -> version specifier, as written."""
    plain = [line for line in conda_environment()["dependencies"] if isinstance(line, str)]
    pairs = [line.partition(" ") for line in plain]
    return {name: version for name, _, version in pairs}


def test_conda_and_pip_name_the_same_packages_and_versions():
    conda = conda_requirements()
    wanted = {CONDA_NAMES.get(name, name): spec for name, spec in pip_requirements().items()}
    assert {name: conda.get(name) for name in wanted} == wanted
    assert set(conda) - set(wanted) == {"python", "pip"}


def test_python_bound_is_the_same():
    assert conda_requirements()["python"] == project()["requires-python"]


def test_conda_file_has_only_what_conda_reads():
    environment = conda_environment()
    assert set(environment) == {"name", "channels", "dependencies"}
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("name", sorted(FIXED_BY_THE_USER))
def test_packages_fixed_by_the_user_are_named(name):
    assert name in pip_requirements()


@pytest.mark.parametrize("spec", sorted(pip_requirements().values()))
def test_versions_are_bounded_on_both_sides(spec):
    assert re.fullmatch(r">=[\d.]+,<\d+", spec)
