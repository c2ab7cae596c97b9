"""The shape of the code: layers, sizes, sources named, and what must not be used where.

The import layers themselves are contracts of import-linter in pyproject.toml.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = CHECKOUT / "pyminidocker"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(CHECKOUT)) for path in MODULES]

MAX_LINES = 400
# A file above the limit needs its reason here.
LONG_FOR_A_REASON: dict[str, str] = {}
# Who may start other programs, and which.
SUBPROCESS_ALLOWED = {
    "pyminidocker/client/autostart.py": "the engine itself",
    "pyminidocker/client/credentials.py": "credential helpers that docker's config.json names",
    "pyminidocker/kernel/userns.py": "newuidmap and newgidmap, setuid helpers that map sub-ids",
    "pyminidocker/vm/qemu.py": "qemu",
}
NEEDS_SEE = ("kernel", "oci", "runtime")
GRAB_BAGS = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def test_import_layers():
    """lint-imports reads the contracts in pyproject.toml."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_rooms_stay_small(path):
    name = str(path.relative_to(CHECKOUT))
    lines = len(path.read_text().splitlines())
    assert lines <= MAX_LINES or name in LONG_FOR_A_REASON, f"{name} has {lines} lines"
    assert path.name not in GRAB_BAGS


def test_long_files_are_still_long():
    """A reason nobody needs any more is removed."""
    for name in LONG_FOR_A_REASON:
        assert len((CHECKOUT / name).read_text().splitlines()) > MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_module_says_what_it_is_about(path):
    if path.name == "__init__.py" and not path.read_text().strip():
        return
    assert ast.get_docstring(tree_of(path)), f"{path} has no module docstring"


def public_functions(path: Path):
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
            "_"
        ):
            yield node


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.relative_to(PACKAGE).parts[0] in NEEDS_SEE],
    ids=lambda p: str(p.relative_to(CHECKOUT)),
)
def test_public_functions_name_their_source(path):
    """Whoever reads the kernel rooms finds the man page, spec section or kernel document."""
    module_names_source = "See:" in (ast.get_docstring(tree_of(path)) or "")
    for node in public_functions(path):
        text = ast.get_docstring(node) or ""
        assert "See:" in text or module_names_source, f"{path.name}: {node.name} names no source"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_nothing_shells_out(path):
    name = str(path.relative_to(CHECKOUT))
    for node in ast.walk(tree_of(path)):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            assert module != "subprocess" or name in SUBPROCESS_ALLOWED, f"{name} uses subprocess"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("os", "system"), ("os", "popen")}, name


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_loose_ends(path):
    """No to-do marks, no functions that only promise."""
    text = path.read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text), path
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            is_stub = isinstance(call, ast.Name) and call.id == "NotImplementedError"
            assert not is_stub or "teach" in path.parts, f"{path}:{node.lineno} is a stub"


IMPORT_BUDGET = """
import sys
before = set(sys.modules)
import pyminidocker.{room}
heavy = {{{heavy}}}
print(sorted(heavy & (set(sys.modules) - before)))
"""


HEAVY = ("asyncio", "msgspec", "h11", "pyroute2", "subprocess", "email", "http.client", "argparse")


@pytest.mark.parametrize(
    "room", ["cli.main", "client.connection", "runtime.zygote", "kernel.procfs"]
)
def test_import_budget(room):
    """The CLI's start-up and the zygote's memory are what they do not import."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_BUDGET.format(room=room, heavy=str(HEAVY)[1:-1])],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def test_no_private_words_in_the_tree():
    """No machine paths and no registry hosts in what is committed."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    words = ["/wo" + "rk/main", "/wo" + "rk/shared", "py" + "pi.org", "python" + "hosted.org"]
    forbidden = re.compile("|".join(map(re.escape, words)))
    for name in filter(None, listed.stdout.split("\0")):
        path = CHECKOUT / name
        if path.suffix in {".png", ".whl"} or not path.is_file():
            continue
        found = forbidden.search(path.read_text(errors="replace"))
        assert not found, f"{name} says {found[0]!r}"
