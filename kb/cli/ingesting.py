"""``kb ingest`` and ``kb files``."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from ingest.parsers import kinds
from ingest.reading.preparing import Preparer
from ingest.running.reporting import Counts
from ingest.running.reporting import Progress as Step
from ingest.running.run import Run
from kb import bulk
from kb.cli.bars import bar
from kb.cli.common import as_option, error_console, json_option, show, with_knowledge_base
from kb.errors import ConflictError, KbError, RetryableError, UsageError
from kb.files import sandbox
from kb.knowledge_base import KnowledgeBase
from kb.surface import shapes
from kb.types.library import LedgerFilter, Source
from kb.types.parsed import State


def run_of(
    base: KnowledgeBase,
    source: Source,
    on_progress: Callable[[Step], None] = lambda _: None,
    clock: Callable[[], datetime] = bulk.wall_clock,
) -> Run:
    """A run over a source, put together."""
    following, defaults = source.following, base.settings.ingest
    settings = msgspec.structs.replace(
        defaults,
        max_file_mb=following.max_file_mb or defaults.max_file_mb,
        ocr_languages=following.languages or defaults.ocr_languages,
    )
    preparer = Preparer(
        base.catalog,
        base.blobs,
        base.embeddings,
        base.index,
        settings,
        base.settings.chunking,
        base.scratch,
        clock,
    )
    return Run(
        source,
        base.catalog,
        base.blobs,
        preparer,
        base.publisher,
        settings,
        base.settings.data,
        base.settings.retention,
        base.upkeep.heal,
        on_progress,
    )


async def read_silently(base: KnowledgeBase, source: Source) -> None:
    """Read a folder beside other work that has a bar of its own."""
    await run_of(base, source).run(confirm_removals=True)


async def each(
    sources: Sequence[Source], read: Callable[[Source], Awaitable[object]]
) -> list[KbError]:
    """Read every source, though some are away or busy; returns what kept those from being read."""
    problems: list[KbError] = []
    for source in sources:
        try:
            await read(source)
        except (ConflictError, RetryableError) as problem:
            problems.append(problem)
    return problems


@click.command()
@click.argument("name", required=False)
@click.option("--confirm-removals", is_flag=True, help="Remove held documents after all.")
@click.option(
    "--again",
    type=click.Choice([s.value for s in State]),
    help="Also files in this state, however often they have been tried.",
)
@json_option
def ingest(name: str | None, confirm_removals: bool, again: str | None, as_json: bool) -> None:
    """Read the source NAME now, or all of them."""

    async def work(base: KnowledgeBase) -> Counts:
        asyncio.get_running_loop().set_default_executor(bulk.threads())
        wanted = await base.read(lambda: [base.sources.named(name)] if name else base.sources.all())
        if not wanted:
            raise UsageError(
                "There is no source yet. Add one with: kb source add NAME PATH", code="no_sources"
            )
        if len(wanted) > 1:
            sandbox.preload(kinds.EVERYTHING)
        total = Counts()

        async def read(item: Source) -> None:
            if again:
                chosen = LedgerFilter(state=again, source=item.name)
                await base.write(base.ledger.try_again, base.principal(None), chosen)
            with bar_of_files(item.name) as on_progress:
                counts = await run_of(base, item, on_progress).run(
                    confirm_removals=confirm_removals
                )
            for field, value in asdict(counts).items():
                setattr(total, field, getattr(total, field) + value)

        problems = await each(wanted, read)
        if not problems:
            return total
        told = [problem.message for problem in problems[1:]]
        for line in (*told, *_lines(total)) if len(wanted) > 1 else ():
            error_console.print(line, markup=False)
        raise problems[0]

    counts = with_knowledge_base(work)
    show(asdict(counts), as_json, lambda _: _lines(counts))


def _lines(counts: Counts) -> list[str]:
    lines = [
        (
            f"{counts.seen} files seen: {counts.indexed} indexed ({counts.chunks} passages), "
            f"{counts.unchanged} unchanged, {counts.removed} removed, {counts.skipped} skipped, "
            f"{counts.failed} failed, in {counts.seconds:.1f} s."
        )
    ]
    if counts.held:
        lines.append(
            f"{counts.held} files are gone, unusually many or with a whole share. They stay "
            "searchable until you confirm: kb ingest --confirm-removals"
        )
    if counts.failed or counts.skipped:
        lines.append("Why files were skipped or failed: kb files --state failed (or skipped)")
    return lines


@contextmanager
def bar_of_files(name: str) -> Iterator[Callable[[Step], None]]:
    """A progress bar over files; gives what hears of each step."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pages]} pages"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[path]}"),
    )
    with bar(name, *columns, pages=0, path="") as told:

        def step(at: Step) -> None:
            told(completed=at.done, total=at.total, pages=at.pages, path=at.path[-40:])

        yield step


@click.command()
@click.option("--state", type=click.Choice([s.value for s in State]), help="Only this state.")
@click.option("--source", "source_name", help="Only this source.")
@as_option
@json_option
def files(state: str | None, source_name: str | None, as_user: str | None, as_json: bool) -> None:
    """The ledger: every file with its state and, unless indexed, the reason."""

    def work(base: KnowledgeBase) -> dict[str, object]:
        wanted = LedgerFilter(state=state, source=source_name)
        principal = base.principal(as_user)
        rows = base.ledger.rows(principal, wanted)
        if as_user is not None:  # the owner's own lists are not noted
            query = {"state": state, "source": source_name}
            given = {name: value for name, value in query.items() if value}
            base.audit.looked(principal, "documents.list", "kb files", query=given)
        return {"files": [shapes.file(r) for r in rows]}

    def lines(value: dict[str, object]) -> list[str]:
        found = value["files"]
        assert isinstance(found, list)
        return [
            "\t".join(
                [
                    f["state"],
                    f"{f['source']}: {f['path']}",
                    f["reason"] or f"{f['chunks']} passages",
                ]
            )
            for f in found
        ] or ["No files."]

    show(with_knowledge_base(work), as_json, lines)


async def read_source(base: KnowledgeBase, source: Source) -> None:
    """Read a source whole, for an evaluation over it."""
    with bar_of_files("reading") as on_progress:
        await run_of(base, source, on_progress).run(confirm_removals=True)
