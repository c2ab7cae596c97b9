"""An image to move about: 8,000 files, 163 MB, 5 layers, always the same.

As an OCI layout (compressed) and as a docker-archive (not compressed, as images made here lie).

The files are of the sizes programs and libraries have, and compress to about a third.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

LAYERS, FILES, BYTES = 5, 8000, 163_000_000
_BLOCK = 4096


def _blocks(dice: random.Random) -> list[bytes]:
    """Return pieces of text and of noise that files are put together from."""
    words = [
        bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz_(){};", k=dice.randint(2, 11)))
        for _ in range(3000)
    ]
    blocks = [
        b" ".join(dice.choices(words[: dice.choice((60, 400, 3000))], k=900))[:_BLOCK]
        for _ in range(512)
    ]
    return blocks + [dice.randbytes(_BLOCK) for _ in range(8)]


def _layer(dice: random.Random, blocks: list[bytes], number: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        count = FILES // LAYERS
        left = BYTES // LAYERS
        for index in range(count):
            if index % 20 == 0:
                folder = tarfile.TarInfo(f"opt/part{number}/dir{index // 20:03}")
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(folder)
            size = left // (count - index)
            size = size if index == count - 1 else int(size * dice.expovariate(1.0))
            size = min(size, left)
            left -= size
            data = b"".join(dice.choices(blocks, k=size // _BLOCK + 1))[:size]
            entry = tarfile.TarInfo(f"opt/part{number}/dir{index // 20:03}/file{index:04}.txt")
            entry.size, entry.mode, entry.mtime = size, 0o644, 1_700_000_000
            tar.addfile(entry, io.BytesIO(data))
    return archive.getvalue()


def _store(layout: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(data)
    return f"sha256:{digest}"


def make(layout: Path, archive: Path) -> None:
    """Write the image as an OCI layout named ``big``, and as a docker-archive ``big:1``."""
    (layout / "blobs/sha256").mkdir(parents=True)
    dice = random.Random(4)
    blocks = _blocks(dice)
    diff_ids, layers, tars = [], [], []
    for number in range(LAYERS):
        tar = _layer(dice, blocks, number)
        tars.append(tar)
        diff_ids.append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
        packed = gzip.compress(tar, 6, mtime=0)
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        digest = _store(layout, packed)
        layers.append({"mediaType": kind, "digest": digest, "size": len(packed)})
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created_by": f"layer {number}"} for number in range(LAYERS)],
        }
    ).encode()
    kind = "application/vnd.oci.image.config.v1+json"
    described = {"mediaType": kind, "digest": _store(layout, config), "size": len(config)}
    kind = "application/vnd.oci.image.manifest.v1+json"
    document = {"schemaVersion": 2, "mediaType": kind, "config": described, "layers": layers}
    manifest = json.dumps(document).encode()
    entry = {
        "mediaType": kind,
        "digest": _store(layout, manifest),
        "size": len(manifest),
        "annotations": {"org.opencontainers.image.ref.name": "big"},
    }
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    _write_archive(archive, config, tars)


def _write_archive(path: Path, config: bytes, tars: list[bytes]) -> None:
    names = [f"{hashlib.sha256(tar).hexdigest()}/layer.tar" for tar in tars]
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": ["big:1"], "Layers": names}]
    with tarfile.open(path, "w") as archive:
        for name, data in [
            (config_name, config),
            *zip(names, tars, strict=True),
            ("manifest.json", json.dumps(manifest).encode()),
        ]:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
