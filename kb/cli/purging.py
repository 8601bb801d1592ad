"""``kb purge``: documents go for good, with a signed statement where one is asked for."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from kb import signing
from kb.cli.common import Usual, json_option, show, with_knowledge_base
from kb.cli.upkeep import rebuild
from kb.errors import KbError, NotFoundError, UsageError
from kb.files.places import PUBLIC, SIGNING
from kb.knowledge_base import KnowledgeBase
from kb.proof import stating
from kb.proof.planning import path_sha256
from kb.proof.purging import digest_of, sha256
from kb.rights import access
from kb.types.library import Document, LedgerFilter
from kb.types.purges import ListedPurge, Purge

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Usual, usual="erase")
def purge() -> None:
    """Erase documents for good. kb purge PATH… erases these, with what came out of them.

    Beside it: --source NAME (of this source only), --proof FILE (a signed statement of what was
    erased, after everything was looked through again), --yes (do not ask), --json. A document that
    is called as a command is: kb purge erase NAME.
    """


@dataclass(frozen=True, slots=True)
class _WantedPurge:
    paths: tuple[str, ...]
    source: str | None
    proof: Path | None
    asks: bool


@purge.command(hidden=True)
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", "source_name", help="Of this source only.")
@click.option("--proof", type=FILE, help="Write a signed statement of what was erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(
    paths: tuple[str, ...], source_name: str | None, proof: Path | None, yes: bool, as_json: bool
) -> None:
    """Erase documents now, from catalog, index, stored values and kept answers."""
    wanted = _WantedPurge(paths, source_name, proof, not (yes or as_json))
    work = partial(_erase, wanted) if proof is None else partial(_prove, wanted)

    async def run(base: KnowledgeBase) -> dict[str, Any]:
        return await work(base)

    show(with_knowledge_base(run), as_json, _purged_lines)


async def _erase(wanted: _WantedPurge, base: KnowledgeBase) -> dict[str, Any]:
    rows = await base.read(_documents, base, wanted)
    _ask(wanted, rows)
    return {"erased": await base.documents.erase(base.principal(None), [row.id for row in rows])}


async def _prove(wanted: _WantedPurge, base: KnowledgeBase) -> dict[str, Any]:
    """Erase with a statement; or go on with that, where the same was broken off."""
    assert wanted.proof is not None
    stating.check_place(wanted.proof)
    async with base.purges.alone():
        begun = await base.read(_begun, base, wanted)
        if begun is None:
            rows = await base.read(_documents, base, wanted)
            _ask(wanted, rows)
            planner = base.purges.planner(base.principal(None))
            ids = [row.id for row in rows]
            erased = await base.documents.erase(base.principal(None), ids, planner)
            number = planner.number
        else:
            erased, number = {}, begun.id
        done = await base.purges.finish(number, partial(rebuild, base))
    _deliver(done, wanted.proof)
    return {"erased": erased, "proof": _told(done) | {"file": str(wanted.proof)}}


def _begun(base: KnowledgeBase, wanted: _WantedPurge) -> Purge | None:
    """The erasing of these very documents that was begun, where none of them is in the ledger."""
    if any(_rows(base, path, wanted.source) for path in wanted.paths):
        return None
    return base.purges.of_paths({path_sha256(path) for path in wanted.paths}, wanted.source)


def _documents(base: KnowledgeBase, wanted: _WantedPurge) -> list[Document]:
    found = [_documents_at(base, path, wanted.source) for path in wanted.paths]
    return [row for rows in found for row in rows]


def _documents_at(base: KnowledgeBase, path: str, source_name: str | None) -> list[Document]:
    found = _rows(base, path, source_name)
    if not found:
        raise NotFoundError(f"There is no document {path}.", detail={"path": path})
    return found


def _rows(base: KnowledgeBase, path: str, source_name: str | None) -> list[Document]:
    return base.ledger.rows(base.principal(None), LedgerFilter(source=source_name, path=path))


def _ask(wanted: _WantedPurge, rows: list[Document]) -> None:
    if wanted.asks:
        click.confirm(f"Erase {len(rows)} documents for good?", abort=True, err=True)


def _deliver(done: Purge, file: Path) -> None:
    stating.deliver(file, done.statement or "", done.signature or "")


def _purged_lines(value: dict[str, Any]) -> list[str]:
    erased, proof = value["erased"], value.get("proof")
    lines = [f"{name.replace('_', ' ')}: {count}" for name, count in erased.items()]
    if erased.get("files_left_out"):
        lines.append("Their files are still in the folder; they are left out from now on.")
        lines.append("To have one read again: kb source change NAME --read-again PATH")
    return lines + (_proof_lines(proof) if proof else [])


def _proof_lines(proof: dict[str, Any]) -> list[str]:
    return [
        f"The statement is {proof['file']}, its signature {proof['file']}{signing.ENDING}.",
        f"Its SHA-256, which the audit log has: {proof['sha256']}",
        "Read what remains in it: nothing here reaches that.",
        f"To look again, at any time: kb purge verify {proof['file']}",
    ]


@purge.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Erasings with a statement, the newest first."""
    found = with_knowledge_base(lambda base: base.purges.listed(access.owner()))
    told = {"purges": [_listed(one) for one in found]}
    show(told, as_json, lambda v: [_line(one) for one in v["purges"]] or ["None yet."])


def _listed(one: ListedPurge) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ListedPurge.__struct_fields__}


def _told(one: Purge) -> dict[str, Any]:
    return _listed(one) | {"sha256": sha256(one.statement or "")}


def _line(one: dict[str, Any]) -> str:
    state = "done" if one["ended_at"] else "not done: kb purge resume"
    return f"{one['id']}\t{one['by']}\t{one['documents']} documents\t{state}"


@purge.command()
@click.argument("number", type=int)
@click.argument("file", type=FILE)
@json_option
def statement(number: int, file: Path, as_json: bool) -> None:
    """Write the statement NUMBER to FILE once more, with its signature beside it."""
    stating.check_place(file)
    found = with_knowledge_base(lambda base: base.purges.one(number))
    if found.statement is None:
        raise UsageError("This erasing is not done. Go on with: kb purge resume")
    _deliver(found, file)
    told = _told(found) | {"file": str(file)}
    show(told, as_json, _proof_lines)


@purge.command()
@json_option
def resume(as_json: bool) -> None:
    """Go on with what was broken off; kb serve does that by itself."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        async with base.purges.alone():
            done = await base.purges.finish_all(partial(rebuild, base))
        return {"purges": [_told(one) for one in done]}

    told = with_knowledge_base(work)
    show(
        told, as_json, lambda v: [_line(one) for one in v["purges"]] or ["Nothing was broken off."]
    )


@purge.command()
@json_option
def key(as_json: bool) -> None:
    """Show the public key, by which anybody checks statements of this installation."""

    def work(base: KnowledgeBase) -> dict[str, Any]:
        made = stating.key_of(base.settings.data).public
        file = base.settings.data / SIGNING / PUBLIC
        return {"key": str(made), "id": made.name, "file": str(file)}

    show(with_knowledge_base(work), as_json, lambda v: [v["key"], f"{v['id']}, in {v['file']}"])


@purge.command()
@click.argument("file", type=FILE)
@click.option("--key", "key_given", help="Public key, or its file; else this installation's own.")
@json_option
def verify(file: Path, key_given: str | None, as_json: bool) -> None:
    """Check a statement's signature, and look again. Exit 1 if anything of it is there."""
    stated = stating.read(file)

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        by = _key(base, key_given)
        comment = signing.verify_file(file, by)
        looks = await base.purges.looker.again(stated, digest_of(file))
        found = [f"{one.place}: {what}" for one in looks for what in one.found]
        return {
            "statement": stated.statement,
            "ended_at": stated.ended_at,
            "signed_by": by.name,
            "comment": comment,
            "looked_again": msgspec.to_builtins(looks),
            "found": found,
        }

    told = with_knowledge_base(work)
    if told["found"]:
        raise KbError(
            f"The signature holds, but not everything is gone: {'; '.join(told['found'][:5])}.",
            code="erased_is_there",
            detail=told,
        )
    show(told, as_json, _verified_lines)


def _key(base: KnowledgeBase, given: str | None) -> signing.PublicKey:
    if given is not None:
        return signing.read_public(Path(given) if Path(given).is_file() else given)
    found = base.purges.key()
    if found is None:
        raise UsageError("This installation has no key yet. Name the statement's: --key FILE")
    return found


def _verified_lines(told: dict[str, Any]) -> list[str]:
    which = f"The statement {told['statement']} of {told['ended_at']}"
    lines = [
        f"{which} is what was signed by the key {told['signed_by']}.",
        "Nothing of what it names is there:",
    ]
    for one in told["looked_again"]:
        others = (
            f"; documents with the same content: {one['elsewhere']}" if one["elsewhere"] else ""
        )
        lines.append(f"  {one['place']}: {one['looked_at']} {one['unit']}, nothing found{others}")
    return lines
