"""A small bag like an export's, made here from the RFC and the docs, and changed to be a bad one."""

import hashlib
from pathlib import Path

BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sealed(folder: Path, **info: str) -> Path:
    """Make a bag of a folder whose ``data`` is there, as RFC 8493 has it."""
    payload = sorted(p for p in (folder / "data").rglob("*") if p.is_file())
    size = sum(p.stat().st_size for p in payload)
    said = {"Payload-Oxum": f"{size}.{len(payload)}", "Export-Format": "commonplace-export 1"}
    said |= {name.replace("_", "-"): value for name, value in info.items()}
    (folder / "bagit.txt").write_text(BAGIT)
    lines = [f"{name}: {value}\n" for name, value in said.items()]
    (folder / "bag-info.txt").write_text("".join(lines))
    lines = [f"{digest(p)}  {p.relative_to(folder).as_posix()}\n" for p in payload]
    (folder / "manifest-sha256.txt").write_text("".join(lines))
    return tagged(folder)


def tagged(folder: Path) -> Path:
    """Write the list of the other files anew."""
    tags = sorted(p for p in folder.iterdir() if p.is_file() and "tagmanifest" not in p.name)
    lines = [f"{digest(p)}  {p.name}\n" for p in tags]
    (folder / "tagmanifest-sha256.txt").write_text("".join(lines))
    return folder


def small(folder: Path) -> Path:
    """Two files in a bag."""
    (folder / "data" / "files").mkdir(parents=True)
    (folder / "data" / "files" / "a.txt").write_text("A quay.")
    (folder / "data" / "export.json").write_text("{}")
    return sealed(folder)
