"""Lesson 09: Dockerfile and the build cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def order_steps(kitchen: Path) -> None:
    """The slow step stands above the files that change often."""
    (kitchen / "Dockerfile").write_text(
        "FROM busybox\n"
        'LABEL org.opencontainers.image.title="kitchen"\n'
        "ENV GREETING=welcome\n"
        "WORKDIR /kitchen\n"
        "RUN sleep 1 && echo pots > /tools\n"
        "COPY . .\n"
        "EXPOSE 80\n"
        'CMD ["cat", "menu.txt"]\n'
    )


def keep_out(kitchen: Path) -> None:
    """Name what is not to be sent."""
    (kitchen / ".dockerignore").write_text("*.log\ntoken\n")


def argv(entrypoint: list[str] | None, cmd: list[str] | None, arguments: list[str]) -> list[str]:
    """Return what a container executes."""
    return (entrypoint or []) + (arguments or cmd or [])


def make_lean(engine: Any, factory: Path) -> None:
    """The first stage makes the product, the second one takes it along."""
    (factory / "Dockerfile").write_text(
        "FROM busybox AS maker\n"
        "RUN yes wood | head -c 8000000 > /machine && md5sum < /machine > /product\n"
        "FROM busybox\n"
        "COPY --from=maker /product /product\n"
        "USER 1000\n"
        'CMD ["cat", "/product"]\n'
    )
    engine.build(factory, tag="lean", progress="quiet")


def repair_shop(engine: Any, shop: Path) -> None:
    """Say that there is no entrypoint, whatever the base image says."""
    (shop / "Dockerfile").write_text('FROM base\nENTRYPOINT []\nCMD ["cat", "/menu.txt"]\n')
    engine.build(shop, tag="shop", progress="quiet")
