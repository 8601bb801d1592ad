"""``kb eval``: measures on a set of questions."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kb.cli.bars import asking
from kb.cli.calibrating import calibrate
from kb.cli.common import error_console, json_option, with_knowledge_base
from kb.cli.figures import EvaluationRun, Figures, figure_lines, system_lines, tell
from kb.cli.ingesting import read_source
from kb.errors import UsageError
from kb.evaluation import abstaining, plain_documents, reporting, running, sets, workplace
from kb.evaluation.baselines import check_installed, missing
from kb.evaluation.page import prepare
from kb.knowledge_base import KnowledgeBase
from kb.types.evaluations import Evaluation, QuestionResult


@click.group(name="eval")
def evaluate() -> None:
    """Measure how well passages and answers are found, on a set of questions."""


evaluate.add_command(calibrate)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        json_option,
        click.option(
            "--outside",
            type=click.Path(path_type=Path),
            multiple=True,
            help="Questions of another set that these documents do not answer; may be repeated.",
        ),
        click.option(
            "--abstention", is_flag=True, help="Measure abstention on the set's own near misses."
        ),
        click.option("--output", type=click.Path(path_type=Path), help="Write the report there."),
        click.option("--seed", type=int, default=0, help="Which questions --limit draws."),
        click.option("--limit", type=click.IntRange(min=1), help="Only so many questions."),
        click.option("--answers", is_flag=True, help="Let the language model answer too."),
    ):
        command = option(command)
    return click.argument("path", type=click.Path(path_type=Path))(command)


@evaluate.command()
@_options
@click.option("--systems", help=f"Systems to compare; by default {','.join(running.SYSTEMS)}.")
def beir(
    path: Path, *, systems: str | None, answers: bool, limit: int | None, seed: int,
    output: Path | None, abstention: bool, outside: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """A collection in BEIR's layout: nDCG, recall and MRR, beside plain systems."""
    _prepare(output)
    wanted = _systems(systems) if systems is not None else _all_systems()
    collection = sets.read_collection(path)
    queries = sets.sample(collection.queries, limit, seed)
    own = [(q.id, q.text) for q in queries]
    near = sets.read_near_misses(path) if abstention else []
    others = _others(own, near, outside, limit, seed)

    async def work(base: KnowledgeBase) -> EvaluationRun:
        begun = time.time()
        async with workplace.over_texts(
            base.embeddings.settings, collection, read_source, with_model=answers
        ) as place:
            with asking(len(queries) * len(wanted)) as advance:
                measured = await running.rank(place, collection, queries, wanted, advance)
            figures = reporting.of_systems(measured, queries)
            if answers:
                figures["answers"] = await _answered(place, queries)
            if others:
                figures["abstention"] = await _abstention(place, own, others, answers=answers)
        figures |= reporting.of_cut(queries)
        results = reporting.of_queries(measured, queries)
        asked = asked_as(limit, seed, answers)
        done = await base.write(keep, base, "beir", path, begun, asked, figures, results)
        figures = {name: value for name, value in figures.items() if name != "intervals"}
        return EvaluationRun(figures, done, results)

    tell(with_knowledge_base(work), output, as_json, system_lines)


@evaluate.command()
@click.option("--answers", is_flag=True, help="Let the language model answer too.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many questions.")
@click.option("--seed", type=int, default=0, help="Which questions --limit draws.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the report there.")
@json_option
def own(*, answers: bool, limit: int | None, seed: int, output: Path | None, as_json: bool) -> None:
    """The organisation's own questions, whose right passages people have named."""
    _prepare(output)

    async def work(base: KnowledgeBase) -> EvaluationRun:
        begun = time.time()
        judged = await base.read(base.opinions.judged, base.principal(None))
        known = sets.of_judged(judged)
        questions = sets.sample(known, limit, seed)
        if not questions:
            raise UsageError(
                "No question has a right passage yet. Ask in the page, and choose "
                "“This is the right passage” beside one.",
                code="no_questions",
            )
        with asking(len(questions)) as advance:
            outcomes = await running.ask_all(base, questions, advance, with_model=answers)
        figures = reporting.of_outcomes(outcomes)
        results = reporting.of_questions(outcomes)
        place = Path("own questions")
        asked = asked_as(limit, seed, answers)
        done = await base.write(keep, base, "own", place, begun, asked, figures, results)
        return EvaluationRun(figures, done, results)

    tell(with_knowledge_base(work), output, as_json, figure_lines)


def _prepare(output: Path | None) -> None:
    """A report that cannot be written is told before the work, not after it."""
    if output is not None:
        prepare(output)


async def _answered(place: KnowledgeBase, queries: list[sets.Query]) -> dict[str, Any]:
    """What the configured model makes of the same questions: how they end, and how soon."""
    modes: dict[str, int] = {}
    seconds: list[float] = []
    with asking(len(queries)) as advance:
        for query in queries:
            mode, took = await running.mode_of(place, query.text)
            modes[mode] = modes.get(mode, 0) + 1
            seconds.append(took)
            advance()
    return {"modes": modes, "seconds": reporting.of_seconds(seconds)}


@evaluate.command()
@_options
@click.option("--systems", help="Plain systems to run beside: bm25,dense,rrf,weighted.")
def docs(
    path: Path, *, systems: str | None, answers: bool, limit: int | None, seed: int,
    output: Path | None, abstention: bool, outside: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """A folder with docs/ and questions.jsonl: documents, pages, citations, abstention."""
    _prepare(output)
    beside = [s for s in _systems(systems) if s != running.OURS] if systems else []
    questions = sets.sample(sets.read_questions(path), limit, seed)
    own = [(q.id, q.text) for q in questions if not q.unanswerable]
    near = [(q.id, q.text) for q in questions if q.unanswerable and abstention]
    others = _others(own, near, outside, limit, seed)

    async def work(base: KnowledgeBase) -> EvaluationRun:
        begun = time.time()
        opened = workplace.over_documents(
            base.embeddings.settings, path / "docs", read_source, with_model=answers
        )
        async with opened as place:
            with asking(len(questions)) as advance:
                outcomes = await running.ask_all(place, questions, advance)
            figures = reporting.of_outcomes(outcomes)
            if beside:
                with asking(len(own) * len(beside)) as advance:
                    figures["systems"] = await plain_documents.rank(
                        place, questions, beside, advance
                    )
            if others:
                figures["abstention"] = await _abstention(place, own, others, answers=answers)
        results = reporting.of_questions(outcomes)
        asked = asked_as(limit, seed, answers)
        done = await base.write(keep, base, "docs", path, begun, asked, figures, results)
        return EvaluationRun(figures, done, results)

    tell(with_knowledge_base(work), output, as_json, figure_lines)


NEAR_MISSES = "near misses"
Questions = list[tuple[str, str]]
"""Ids and texts of questions."""


def _others(
    own: Questions, near: Questions, outside: tuple[Path, ...], limit: int | None, seed: int
) -> dict[str, Questions]:
    """Questions that are to be abstained from, by set; those of the set itself are left out."""
    known = {number for number, _ in own} | {text for _, text in own}
    found = {NEAR_MISSES: near} if near else {}
    for path in outside:
        name, questions = sets.read_outside(path)
        strange = [q for q in questions if not known & set(q)]
        found[f"outside: {name}"] = sets.sample(strange, limit, seed)
    return {name: questions for name, questions in found.items() if questions}


async def _abstention(
    place: KnowledgeBase, own: Questions, others: dict[str, Questions], *, answers: bool
) -> list[Figures]:
    """What retrieval alone, and with ``answers`` the model too, makes of what nobody answers.

    Near misses are judged by how sure it is of an answer, other sets' by how near the matter is.
    """
    least = place.settings.retrieval
    with asking(len(own) + sum(map(len, others.values()))) as advance:
        sure = await running.confidences(place, [text for _, text in own], advance)
        measured = []
        for name, questions in others.items():
            texts = [text for _, text in questions]
            unsure = await running.confidences(place, texts, advance)
            if name == NEAR_MISSES:
                figures = abstaining.figures(
                    name, [e.sure for e in sure], [e.sure for e in unsure], least.min_evidence
                )
            else:
                figures = abstaining.figures(
                    name, [e.near for e in sure], [e.near for e in unsure], least.min_nearness
                )
            if answers:
                figures["abstained_with_model"] = await _abstained(place, texts)
            measured.append(figures)
    return measured


async def _abstained(place: KnowledgeBase, questions: list[str]) -> float:
    modes = [(await running.mode_of(place, question))[0] for question in questions]
    return round(modes.count("abstained") / len(modes), 4)


def _all_systems() -> list[str]:
    """Every system that can run here; which ones cannot is said."""
    left_out = missing(running.SYSTEMS)
    if left_out:
        needs = "They need bm25s and pystemmer: pip install 'commonplace-kb[eval]'."
        error_console.print(f"Left out: {', '.join(left_out)}. {needs}", markup=False)
    return [system for system in running.SYSTEMS if system not in left_out]


def _systems(names: str) -> list[str]:
    wanted = [n.strip() for n in names.split(",") if n.strip()]
    unknown = [n for n in wanted if n not in running.SYSTEMS]
    if unknown or not wanted:
        raise UsageError(
            f"There is no system {', '.join(unknown) or '(none named)'}; "
            f"there are {', '.join(running.SYSTEMS)}.",
            code="unknown_system",
            detail={"known": list(running.SYSTEMS)},
        )
    check_installed(wanted)
    return list(dict.fromkeys(wanted))


def asked_as(limit: int | None, seed: int, answers: bool) -> dict[str, Any]:
    """How the questions are asked, for what is kept of them."""
    return {"limit": limit, "seed": seed, "answers": answers}


def keep(
    base: KnowledgeBase,
    kind: str,
    path: Path,
    begun: float,
    asked: dict[str, Any],
    figures: Figures,
    results: list[QuestionResult],
) -> Evaluation:
    """Store an evaluation that is done."""
    settings = asked | {
        "embedding_model": ", ".join(m.files.name for m in base.embeddings.models),
        "retrieval": {
            f: getattr(base.settings.retrieval, f)
            for f in base.settings.retrieval.__struct_fields__
        },
    }
    name = path.resolve().name
    done = Evaluation(kind, name, settings, figures, begun, time.time() - begun)
    base.evaluations.keep(done, results)
    return done
