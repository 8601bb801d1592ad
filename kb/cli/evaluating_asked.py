"""``kb eval`` with ``asked``: an evaluation that somebody asked for in the page, for workers."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kb.cli.common import json_option, show, with_knowledge_base
from kb.cli.evaluating import asked_as, evaluate, keep
from kb.cli.ingesting import read_source
from kb.errors import KbError, RetryableError, UsageError
from kb.evaluation import offered, reporting, running, sets, workplace
from kb.knowledge_base import KnowledgeBase
from kb.types.evaluations import DONE, FAILED, STOPPED, AskedEvaluation

HEARD_SECONDS = 2.0
"""Between two words of how far it is."""


@dataclass(slots=True)
class Count:
    """How many questions are asked, of how many."""

    done: int = 0
    total: int = 0

    def advance(self) -> None:
        """One more."""
        self.done += 1


@evaluate.command(hidden=True)
@click.argument("number", type=int)
@json_option
def asked(number: int, *, as_json: bool) -> None:
    """Run an evaluation that was asked for in the page."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        wanted = await base.read(base.evaluations.asked_for, number)
        count, running_now = Count(), asyncio.current_task()
        assert running_now is not None
        telling = asyncio.create_task(_tell(base, number, count, running_now))
        try:
            figures = await _measured(base, wanted, count)
            await base.write(base.evaluations.ended, number, DONE)
        except asyncio.CancelledError:
            if not telling.done():  # nobody has stopped it: this process is to end
                raise
            running_now.uncancel()
            await base.write(base.evaluations.ended, number, STOPPED)
            return {}
        except KbError as error:
            await base.write(base.evaluations.ended, number, FAILED, error.as_json()["error"])
            raise
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
        return figures

    show(with_knowledge_base(work), as_json, lambda value: [f"{value.get('questions', 0)} asked"])


async def _tell(base: KnowledgeBase, number: int, count: Count, run: "asyncio.Task[Any]") -> None:
    """How far it is, until somebody stops it: then the run is cancelled."""
    while True:
        with contextlib.suppress(RetryableError):
            if not await base.write(base.evaluations.progress, number, count.done, count.total):
                run.cancel()
                return
        await asyncio.sleep(HEARD_SECONDS)


async def _measured(base: KnowledgeBase, wanted: AskedEvaluation, count: Count) -> dict[str, Any]:
    begun = time.time()
    if wanted.what == offered.OWN:
        judged = await base.read(base.opinions.judged, base.principal(None))
        questions = sets.sample(sets.of_judged(judged), wanted.drawn, 0)
        if not questions:
            raise UsageError("No question has a right passage yet.", code="no_questions")
        kind, place = "own", Path("own questions")
        outcomes = await _asked(base, questions, wanted, count)
    else:
        kind, place = "docs", offered.folder_of(wanted.what, base.settings.data)
        questions = sets.sample(sets.read_questions(place), wanted.drawn, 0)
        async with workplace.over_documents(
            base.embeddings.settings, place / "docs", read_source, with_model=wanted.answers
        ) as there:
            outcomes = await _asked(there, questions, wanted, count)
    figures, results = reporting.of_outcomes(outcomes), reporting.of_questions(outcomes)
    settings = asked_as(wanted.drawn, 0, wanted.answers)
    await base.write(keep, base, kind, place, begun, settings, figures, results)
    return figures


async def _asked(
    base: KnowledgeBase,
    questions: list[sets.EvaluationQuestion],
    wanted: AskedEvaluation,
    count: Count,
) -> list[running.Outcome]:
    count.total = len(questions)
    return await running.ask_all(base, questions, count.advance, with_model=wanted.answers)
