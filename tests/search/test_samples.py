"""On the sample documents: the right document is found, and the quotes hold the answer."""

import json
import re

import httpx
import pytest

from kb import samples

QUESTIONS = [json.loads(line) for line in samples.questions().read_text().splitlines()]


@pytest.fixture(scope="module")
def answers(sample_server):
    def ask(question):
        response = httpx.post(
            sample_server.address + "/api/v1/ask",
            json={"question": question["question"]},
            headers={"Accept": "application/json"},
            timeout=300,
            trust_env=False,
        )
        return response.json()

    return {q["id"]: ask(q) for q in QUESTIONS}


@pytest.mark.slow
def test_quotes_hold_the_answer_in_eight_of_ten(answers):
    answerable = [q for q in QUESTIONS if not q["unanswerable"]]
    held = [
        q["id"]
        for q in answerable
        if any(
            a.casefold() in " ".join(c["quote"] for c in answers[q["id"]]["citations"]).casefold()
            for a in q["answers"]
        )
    ]
    assert len(held) >= 0.8 * len(answerable), sorted({q["id"] for q in answerable} - set(held))


def test_what_the_documents_do_not_say_is_never_presented_as_an_answer(answers):
    outside = [answers[q["id"]] for q in QUESTIONS if q["unanswerable"]]
    sure = [a for a in outside if a["mode"] == "quotes" and a["notice"]["code"] != "may_answer"]
    assert not sure
    assert sum(a["mode"] == "abstained" for a in outside) >= len(outside) / 2


def says(quote: str, text: str) -> bool:
    """Whether a quotation has the words of a sentence; of a row it has every value, in order."""
    if " | " not in quote:
        return text == " ".join(quote.split())
    values = [" ".join(cell.split()) for cell in quote.split(" | ") if cell.strip()]
    pairs = text.split("; ")
    return len(pairs) == len(values) and all(map(str.endswith, pairs, values))


def test_quotes_are_verbatim_and_citations_lead_to_them(answers, sample_server):
    for answer in answers.values():
        for sentence in answer["sentences"]:
            [n] = sentence["citations"]
            quotes = [c["quote"] for c in answer["citations"] if c["n"] == n]
            assert any(says(quote, sentence["text"]) for quote in quotes), sentence
    cited = next(a["citations"][0] for a in answers.values() if a["citations"])
    page = httpx.get(
        f"{sample_server.address}/documents/{cited['document_id']}",
        params={"passage": cited["passage_id"], "start": cited["start"], "end": cited["end"]},
        trust_env=False,
        timeout=300,
    )
    assert re.search('<mark>|class="cited"', page.text)
