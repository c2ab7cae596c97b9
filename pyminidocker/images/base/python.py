"""python: the interpreter that runs this engine, with its library, taken along into an image.

Works for whatever Python that is (python.org's, Debian's, pyenv's, conda's, the base of a virtual
environment): the program, the shared libraries it and its modules need, the dynamic loader and the
standard library are found and put where an image would have them.

See: sysconfig, "Installation paths"; ld.so(8); Python's Modules/getpath.py, which finds the
standard library relative to the program.
"""

import glob
import importlib.machinery
import importlib.util
import os
import ssl
import sys
import sysconfig
import zipfile
from collections.abc import Iterable

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base.elf import Elf, read_elf
from pyminidocker.images.base.filetree import FileTree, add_system_files
from pyminidocker.images.base.libraries import LibraryFinder, add_loader_and_libraries
from pyminidocker.images.base.recipe import DEFAULT_PATH, MACHINES, Recipe, Step
from pyminidocker.oci.image_spec import RunConfig

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_LIBRARY = f"usr/local/lib/python{_VERSION}"
_SKIPPED_DIRECTORIES = {
    "__pycache__",
    "dist-packages",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
}
# Debian's note that forbids pip to install beside apt's packages; there is no apt in the image.
_SKIPPED_FILES = {"EXTERNALLY-MANAGED"}
_SKIPPED_PREFIXES = ("config-", "_test", "_ctypes_test", "_tkinter", "_xx", "xx", "turtle.py")
_SKIPPED_SUFFIXES = (".a", ".pyc", ".pyo", ".exe", ".o")
# Loaded by name at run time, so no file lists them as needed (glibc; absent since 2.34 or in musl).
_LOADED_AT_RUN_TIME = ("libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_CERTIFICATES_IN_IMAGE = "/etc/ssl/certs/ca-certificates.crt"


def _standard_library() -> list[tuple[str, str]]:
    """Return (path in the library, host path) of the standard library's files, sorted."""
    pure = sysconfig.get_path("stdlib", vars=_base_variables())
    native = sysconfig.get_path("platstdlib", vars=_base_variables())
    files: dict[str, str] = {}
    for root in dict.fromkeys((pure, native)):
        for inside in _walk(root):
            files.setdefault(inside, f"{root}/{inside}")
    # Some distributions keep compiled modules elsewhere.
    dynload = importlib.util.find_spec("_ctypes") or importlib.util.find_spec("_ssl")
    if dynload is not None and dynload.origin and os.path.isabs(dynload.origin):
        directory = os.path.dirname(dynload.origin)
        if not any(inside.startswith("lib-dynload/") for inside in files):
            for inside in _walk(directory):
                files[f"lib-dynload/{inside}"] = f"{directory}/{inside}"
    return sorted(files.items())


def _base_variables() -> dict[str, str]:
    """Name the real installation, also when running in a virtual environment."""
    return {
        "base": sys.base_prefix,
        "platbase": sys.base_exec_prefix,
        "installed_base": sys.base_prefix,
        "installed_platbase": sys.base_exec_prefix,
    }


def _walk(root: str) -> Iterable[str]:
    """Yield the files below ``root`` that belong into an image, relative to it."""
    for directory, names, files in os.walk(root):
        names[:] = sorted(
            x for x in names if x not in _SKIPPED_DIRECTORIES and not x.startswith("config-")
        )
        for name in sorted(files):
            if (
                name not in _SKIPPED_FILES
                and not name.endswith(_SKIPPED_SUFFIXES)
                and not name.startswith(_SKIPPED_PREFIXES)
            ):
                yield os.path.relpath(f"{directory}/{name}", root)


def _program() -> Elf:
    """Return the interpreter's program file.

    Raises:
        NotFound: this interpreter is none that can be copied.
    """
    path = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    try:
        elf = read_elf(path)
    except (OSError, InvalidArgument) as error:
        raise NotFound(
            f"the running interpreter {path!r} cannot be copied into an image: {error}",
            hint="run the engine with an ordinary CPython, e.g. one from python.org or conda",
        ) from error
    if elf.machine not in MACHINES:
        raise NotFound(f"{path} is for a machine that pyminidocker has no images for")
    return elf


def _runtime_tree(program: Elf, modules: list[str]) -> FileTree:
    """Return the interpreter, the loader and all shared libraries."""
    tree = FileTree()
    tree.copy(f"usr/local/bin/python{_VERSION}", program.path, 0o755)
    for alias in ("python3", "python"):
        tree.symlink(f"usr/local/bin/{alias}", f"python{_VERSION}")
    finder = LibraryFinder(program.machine)
    libraries = finder.closure([program.path, *modules], program)
    for name in _LOADED_AT_RUN_TIME:
        try:
            libraries[name] = finder.find(name, program)
        except NotFound:
            continue
    add_loader_and_libraries(tree, program, libraries)
    return tree


def _library_tree(files: list[tuple[str, str]]) -> FileTree:
    tree = FileTree()
    for inside, path in files:
        tree.copy(f"{_LIBRARY}/{inside}", path)
    tree.directory(f"{_LIBRARY}/site-packages")
    # Debian's Python looks here; in an image there is one place for packages.
    tree.symlink(f"usr/local/lib/python{_VERSION}/dist-packages", "site-packages")
    certificates = _certificates()
    if certificates:
        tree.copy(_CERTIFICATES_IN_IMAGE, certificates, 0o644)
    return tree


def _certificates() -> str:
    paths = [ssl.get_default_verify_paths().cafile or "", *_CERTIFICATES]
    spec = importlib.util.find_spec("certifi")
    if spec is not None and spec.origin:
        paths.append(f"{os.path.dirname(spec.origin)}/cacert.pem")
    return next((path for path in paths if path and os.path.isfile(path)), "")


def _pip_tree() -> FileTree | None:
    """Return pip, so that packages can be installed in containers; None when there is none."""
    tree = FileTree()
    site_packages = f"{_LIBRARY}/site-packages"
    if directory := _installed_pip():
        for inside in _walk_package(directory):
            tree.copy(f"{site_packages}/pip/{inside}", f"{directory}/{inside}", 0o644)
    elif wheel := _bundled_pip():
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith("pip/") and not name.endswith("/"):
                    tree.file(f"{site_packages}/{name}", archive.read(name))
    else:
        return None
    script = "#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\n"
    for name in ("pip", "pip3"):
        tree.file(f"usr/local/bin/{name}", f"{script}sys.exit(main())\n".encode(), 0o755)
    return tree


def _installed_pip() -> str:
    """Return the directory of the base installation's (or this environment's) pip, or nothing."""
    base_packages = sysconfig.get_path("purelib", vars=_base_variables())
    spec = importlib.machinery.PathFinder.find_spec("pip", [base_packages, *sys.path])
    return os.path.dirname(spec.origin) if spec is not None and spec.origin else ""


def _bundled_pip() -> str:
    """Return the wheel that Python carries for ``python -m ensurepip``, empty for none."""
    library = sysconfig.get_path("stdlib", vars=_base_variables())
    wheels = glob.glob(f"{glob.escape(library)}/ensurepip/_bundled/pip-*.whl")
    return max(wheels, default="")


def _walk_package(root: str) -> Iterable[str]:
    for directory, names, files in os.walk(root):
        names[:] = sorted(x for x in names if x != "__pycache__")
        for name in sorted(files):
            if not name.endswith(_SKIPPED_SUFFIXES):
                yield os.path.relpath(f"{directory}/{name}", root)


def python_recipe(base: Step | None) -> Recipe:
    """Return the recipe of the python image.

    Args:
        base: the layer below, busybox's; without one there is no shell in the image.

    Raises:
        NotFound: this interpreter cannot be copied, or a library is missing.

    See: OCI image-spec config.md.
    """
    program = _program()
    files = _standard_library()
    modules = [path for _, path in files if ".so" in os.path.basename(path)]
    if base is None:
        tree = FileTree()
        add_system_files(tree)
        base = Step("ADD base.tar / # no static busybox found: no shell", tree)
    version = ".".join(str(part) for part in sys.version_info[:3])
    steps = [
        base,
        Step("ENV LANG=C.UTF-8"),
        Step(f"ENV PYTHON_VERSION={version}"),
        Step(
            f"COPY python{_VERSION} /usr/local/bin/ # and its libraries",
            _runtime_tree(program, modules),
        ),
        Step(f"COPY lib/python{_VERSION} /usr/local/lib/python{_VERSION}", _library_tree(files)),
    ]
    environment = [DEFAULT_PATH, "LANG=C.UTF-8", f"PYTHON_VERSION={version}"]
    if _certificates():
        environment.append(f"SSL_CERT_FILE={_CERTIFICATES_IN_IMAGE}")
        steps.append(Step(f"ENV {environment[-1]}"))
    if (pip := _pip_tree()) is not None:
        steps.append(Step("RUN python3 -m ensurepip # copied from the host", pip))
    steps.append(Step('CMD ["python3"]'))
    return Recipe(
        name="python",
        architecture=MACHINES[program.machine],
        config=RunConfig(cmd=["python3"], env=environment),
        steps=steps,
    )
