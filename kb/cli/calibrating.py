"""``kb eval calibrate``: the constants of evidence, fitted to the models and questions here."""

from pathlib import Path
from typing import Any

import click

from kb.cli.bars import asking
from kb.cli.common import json_option, show, with_knowledge_base
from kb.cli.ingesting import read_source
from kb.errors import UsageError
from kb.evaluation import keeping, observing, sets, workplace
from kb.evaluation.calibrating import FEWEST, Observed
from kb.evaluation.sets import EvaluationQuestion
from kb.knowledge_base import KnowledgeBase

OWN = "own questions"
Sets = list[tuple[str, Path | None, list[EvaluationQuestion]]]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--outside",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Questions of another set that these documents do not answer; may be repeated.",
)
@click.option("--forget", is_flag=True, help="Go back to the constants that come with the program.")
@json_option
def calibrate(
    *, paths: tuple[Path, ...], outside: tuple[Path, ...], forget: bool, as_json: bool
) -> None:
    """Fit what decides whether an answer is sure, may answer, or nothing comes near.

    PATHS are folders with docs/ and questions.jsonl; without one, the organisation's own questions
    are taken, whose right passages people have named.
    """
    if forget and (paths or outside):
        raise UsageError("--forget takes no questions: it only goes back.", code="bad_options")
    given: Sets = [(p.resolve().name, p, list(sets.read_questions(p))) for p in paths]
    strange = [question for path in outside for question in sets.read_outside(path)[1]]

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        if forget:
            return {"forgotten": keeping.forget(base)}
        wanted = given or [(OWN, None, await base.read(_own, base))]
        _check([question for _, _, questions in wanted for question in questions])
        told = keeping.fit(base, await _observed(base, wanted, observing.from_outside(strange)))
        note = {"questions": told["questions"], "corpora": ", ".join(told["corpora"])}
        await base.write(base.audit.note, base.principal(None), "evidence.calibrate", "", **note)
        return told

    show(with_knowledge_base(work), as_json, _lines)


def _own(base: KnowledgeBase) -> list[EvaluationQuestion]:
    return sets.of_judged(base.opinions.judged(base.principal(None)))


def _check(questions: list[EvaluationQuestion]) -> None:
    """Raises ``UsageError`` where there are too few to fit anything to."""
    count = sum(not question.unanswerable for question in questions)
    if count < FEWEST:
        raise UsageError(
            f"There are {count} questions with a known answer; {FEWEST} are needed. Name a folder "
            "with docs/ and questions.jsonl, or choose “This is the right passage” beside more "
            "passages in the page.",
            code="too_few_questions",
            detail={"questions": count, "needed": FEWEST},
        )


async def _observed(
    base: KnowledgeBase, wanted: Sets, outside: list[EvaluationQuestion]
) -> list[Observed]:
    """All sets, each over its own documents, beside questions from outside."""
    told: list[Observed] = []
    for name, path, questions in wanted:
        if path is None:
            told += await _asked(base, name, questions, outside)
            continue
        opened = workplace.over_documents(
            base.embeddings.settings, path / "docs", read_source, with_model=False
        )
        async with opened as place:
            told += await _asked(place, name, questions, outside)
    return told


async def _asked(
    base: KnowledgeBase,
    name: str,
    questions: list[EvaluationQuestion],
    outside: list[EvaluationQuestion],
) -> list[Observed]:
    with asking(len(questions) + len(outside)) as advance:
        own = await observing.observed(base, name, questions, advance)
        return own + await observing.observed(base, name, outside, advance, strange=True)


def _lines(value: dict[str, Any]) -> list[str]:
    if "forgotten" in value:
        return [
            "The constants that come with the program hold again."
            if value["forgotten"]
            else "There were no others than those that come with the program."
        ]
    lines = [f"{value['questions']} questions: {value['name']}", "On documents left out:"]
    lines += [f"  {name.replace('_', ' '):<20} {v:.3f}" for name, v in value["figures"].items()]
    for which in ("sure", "near"):
        weights = ", ".join(f"{name} {weight:+.2f}" for name, weight in value[which].items())
        lines.append(f"{which}: {weights}")
    return [*lines, f"Kept in {value['file']}; answers from now on use it."]
