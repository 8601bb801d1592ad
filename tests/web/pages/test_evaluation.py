"""The pages of evaluations that have less to show than those of today."""

import pytest
from lxml import html

from kb.catalog import evaluations
from kb.types.evaluations import FAILED, Evaluation

HTML = {"Accept": "text/html"}
ROW = {"system": "commonplace", "ndcg@10": 0.5, "recall@10": 0.5, "recall@100": 0.5, "mrr": 0.5}


@pytest.mark.parametrize(
    ("kind", "figures", "shown"),
    [
        ("docs", {"page_hit@1": 0.5}, "page_hit@1"),
        ("docs", {"questions": 4, "page_hit@1": 0.5}, "page_hit@1"),
        ("own", {}, "Figures"),
        ("beir", {"rows": [ROW]}, "commonplace"),
    ],
)
async def test_a_run_that_lacks_figures_and_settings_has_its_pages(portal, kind, figures, shown):
    administrator = await portal.as_person("anna")
    with portal.kb.catalog.writing() as connection:
        numbers = [
            evaluations.keep(connection, Evaluation(kind, "old", {}, figures, 0.0, 1.0), [])
            for _ in range(2)
        ]
    one = await administrator.get(f"/evaluation/{numbers[0]}", headers=HTML)
    assert (one.status_code, shown in one.text) == (200, True)
    listed = await administrator.get("/evaluation", headers=HTML)
    assert listed.status_code == 200
    assert len(html.document_fromstring(listed.text).xpath("//tbody/tr")) == 2
    both = await administrator.get("/evaluation/compare", params={"run": numbers}, headers=HTML)
    assert both.status_code == 200


async def test_why_the_last_one_failed_is_said_in_the_readers_language(portal):
    administrator = await portal.as_person("anna")
    base = portal.kb
    number = base.evaluations.ask(base.principal(None), "samples", answers=False, drawn=None).id
    error = {"code": "engine_unavailable", "message": "The embedder is away.", "detail": {}}
    base.evaluations.ended(number, FAILED, error)
    page = (await administrator.get("/evaluation", headers=HTML | {"Accept-Language": "de"})).text
    assert "antwortet noch nicht" in page
    assert "The embedder is away." not in page
    assert "The embedder is away." in (await administrator.get("/evaluation", headers=HTML)).text
