"""What administrators alone may see and do is refused by the rooms themselves, whoever calls them."""

import pytest

from ingest.folders import Folders
from kb.catalog import runs
from kb.errors import ForbiddenError
from kb.types.library import Source


@pytest.fixture
def base(portal):
    """nina reads, carl answers for «public», anna administrates."""
    return portal.kb


def looks(base, root):
    """Verbs that show something to administrators alone."""
    folders = Folders(base.catalog, base.publisher, base.settings.ingest)
    return {
        "evaluations": lambda who: base.evaluations.listed(who),
        "an evaluation": lambda who: base.evaluations.one(who, 1),
        "evaluations side by side": lambda who: base.evaluations.side_by_side(who, 1, 2),
        "the evaluation that was asked for": lambda who: base.evaluations.newest_asked(who),
        "what was asked": lambda who: base.questions.lately(who, 30),
        "swaps": lambda who: base.swaps.newest(who),
        "a swap": lambda who: base.swaps.one(who, 1),
        "the models in use": lambda who: base.swaps.used(who),
        "the index that is kept": lambda who: base.swaps.kept(who),
        "a folder": lambda who: folders.preview(who, root),
        "folders in a folder": lambda who: folders.inside(who, root),
    }


def changes(base):
    """Verbs that change something for administrators alone."""
    return {
        "an evaluation is asked for": lambda who: base.evaluations.ask(
            who, "samples", answers=False, drawn=None
        ),
        "an evaluation is stopped": lambda who: base.evaluations.stop(who, 1),
        "an evaluation is forgotten": lambda who: base.evaluations.forget(who, 1),
        "other models are asked for": lambda who: base.swaps.ask(who, ["english"], force=False),
        "a swap pauses": lambda who: base.swaps.pause(who, 1),
        "a swap is given up": lambda who: base.swaps.give_up(who, 1),
    }


@pytest.mark.parametrize("name", ["nina", "carl"])
async def test_who_does_not_administrate_is_refused(base, portal, name):
    who = base.principal(name)
    anna = base.principal("anna")
    base.evaluations.ask(anna, "samples", answers=False, drawn=None)
    for what, verb in (looks(base, str(portal.house.root)) | changes(base)).items():
        with pytest.raises(ForbiddenError) as refused:
            verb(who)
        assert refused.value.message == "This is for administrators.", what
    with pytest.raises(ForbiddenError):
        await base.swaps.rollback(who)
    asked = base.evaluations.newest_asked(anna)
    assert (asked.what, asked.is_open) == ("samples", True), "nobody stopped it"


async def test_administrators_and_the_machines_owner_are_not(base, portal):
    for who in (base.principal("anna"), base.principal(None)):
        found = looks(base, str(portal.house.root))
        assert found["evaluations"](who) == []
        assert found["what was asked"](who).missing == []
        assert found["the models in use"](who) == base.embeddings.names
        assert found["a folder"](who)["files"] == 2
        assert found["swaps"](who) == []


async def test_a_source_to_look_after_is_given_to_who_does(base):
    found = base.sources.looked_after(base.principal("carl"), "public")
    assert isinstance(found, Source)
    with pytest.raises(ForbiddenError) as refused:
        base.sources.looked_after(base.principal("nina"), "public")
    assert refused.value.detail == {"source": "public"}


async def test_that_a_run_is_to_stop_is_for_who_looks_after_its_source(base):
    public = base.sources.named("public")
    with base.catalog.writing() as connection:
        runs.begin(connection, public)
    base.sources.stop(base.principal("carl"), "public")
    told = {name: base.sources.stopping(base.principal(name)) for name in ("carl", "anna", "nina")}
    assert told == {"carl": {public.id}, "anna": {public.id}, "nina": set()}
