"""Evaluations that are asked for: one at a time, stopped, and told of where their process ended."""

import pytest
from sqlalchemy import update

from kb.catalog import asked_evaluations
from kb.catalog.tables import asked_evaluations as table
from kb.errors import ConflictError, NotFoundError
from kb.types.evaluations import ASKED, FAILED, RUNNING, STOPPED, STOPPING


def ask(house):
    return house.kb.evaluations.ask(house.owner, "samples", answers=False, drawn=None)


@pytest.mark.both_catalogs
async def test_one_whose_process_has_ended_has_broken_off_and_another_may_be_asked_for(house):
    evaluations = house.kb.evaluations
    number = ask(house).id
    with pytest.raises(ConflictError):
        ask(house)
    assert (evaluations.claimed().id, evaluations.claimed()) == (number, None), "by one alone"
    assert evaluations.progress(number, 3, 10)
    assert evaluations.newest_asked(house.owner).state == RUNNING
    with house.kb.catalog.writing() as connection:
        silent = table.c.seen_at - asked_evaluations.SILENT_SECONDS - 1
        connection.execute(update(table).values(seen_at=silent))
    assert evaluations.claimed() is None
    failed = evaluations.asked_for(number)
    assert (failed.state, failed.error["code"]) == (FAILED, "interrupted")
    assert ask(house).state == ASKED


@pytest.mark.both_catalogs
async def test_it_is_stopped_before_somebody_runs_it_or_while_they_do(house):
    evaluations = house.kb.evaluations
    waiting = ask(house).id
    evaluations.stop(house.owner, waiting)
    assert evaluations.asked_for(waiting).state == STOPPED
    running = ask(house).id
    evaluations.claimed()
    evaluations.stop(house.owner, running)
    assert evaluations.asked_for(running).state == STOPPING
    assert not evaluations.progress(running, 3, 10), "whoever runs it is told"
    evaluations.ended(running, STOPPED)
    assert evaluations.asked_for(running).state == STOPPED


async def test_one_that_was_not_asked_for_cannot_be_stopped(house):
    with pytest.raises(NotFoundError):
        house.kb.evaluations.stop(house.owner, 999)
