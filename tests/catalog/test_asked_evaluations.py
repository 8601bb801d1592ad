"""Evaluations that are asked for: one at a time, run once, stopped, and never open for good."""

import pytest
from sqlalchemy import update

from kb.answers.evaluations import Evaluations
from kb.catalog import asked_evaluations as asked
from kb.catalog.tables import asked_evaluations
from kb.errors import ConflictError
from kb.rights import access
from kb.types.evaluations import DONE, FAILED, RUNNING, STOPPED, STOPPING

BY = access.owner()


@pytest.fixture
def evaluations(catalog):
    return Evaluations(catalog)


def ask(evaluations):
    return evaluations.ask(BY, "samples", answers=False, drawn=None)


def test_one_goes_on_at_a_time_and_one_worker_runs_it(evaluations):
    wanted = ask(evaluations)
    with pytest.raises(ConflictError):
        ask(evaluations)
    assert evaluations.claimed().id == wanted.id
    assert evaluations.claimed() is None, "another worker has it"
    with pytest.raises(ConflictError):
        ask(evaluations)
    assert evaluations.progress(wanted.id, 3, 10)
    now = evaluations.newest_asked(BY)
    assert (now.state, now.done, now.total) == (RUNNING, 3, 10)
    evaluations.ended(wanted.id, DONE)
    assert ask(evaluations).id != wanted.id


def test_a_stop_ends_what_waits_and_is_told_to_what_runs(evaluations):
    waits = ask(evaluations)
    evaluations.stop(BY, waits.id)
    assert evaluations.asked_for(waits.id).state == STOPPED
    assert evaluations.claimed() is None
    runs = ask(evaluations)
    evaluations.claimed()
    evaluations.stop(BY, runs.id)
    assert evaluations.asked_for(runs.id).state == STOPPING
    assert not evaluations.progress(runs.id, 1, 2)
    evaluations.ended(runs.id, STOPPED)
    evaluations.ended(runs.id, FAILED, {"code": "late"})
    ended = evaluations.asked_for(runs.id)
    assert (ended.state, ended.error) == (STOPPED, None), "how it ended first counts"


def test_one_whose_process_is_gone_has_failed(evaluations, catalog):
    gone = ask(evaluations)
    evaluations.claimed()
    with catalog.writing() as connection:
        long_ago = asked_evaluations.c.seen_at - asked.SILENT_SECONDS - 1
        connection.execute(update(asked_evaluations).values(seen_at=long_ago))
    assert evaluations.claimed() is None
    assert evaluations.asked_for(gone.id).error["code"] == "interrupted"
    assert ask(evaluations).is_open
