"""Evidence's constants: fitted as another library fits them, bordered by what is aimed at, kept."""

import sys
import json
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from kb.answers import calibration
from kb.embedding import chosen, models
from kb.errors import UsageError
from kb.evaluation import calibrating, workplace
from kb.evaluation.calibrating import NEAR, SURE, Observed

NAMES = tuple(dict.fromkeys((*SURE, *NEAR)))
TOWNS = (
    "Arnholt", "Brekke", "Corvan", "Dunmere", "Eskvale", "Farnby", "Gilden", "Hallow", "Ilmar",
    "Jarrow", "Kelby", "Lindow", "Marstel", "Norvik", "Ormsay", "Pellar", "Quenby", "Rostal",
    "Selwick", "Tarnow", "Ulster", "Velden", "Wexby", "Yarmel", "Zelmar", "Aldby", "Birkal",
    "Calder", "Dorvik", "Elstow",
)  # fmt: skip


def drawn(kind: str, count: int, near: float, seed: int, corpus: str = "a") -> list[Observed]:
    """Questions of a kind, whose readings lie about ``near``."""
    chance = np.random.default_rng(seed)
    answerable = kind in ("right", "wrong")
    return [
        Observed(
            {name: float(chance.normal(near, 0.2)) for name in NAMES},
            answerable,
            kind == "outside",
            kind == "right",
            answerable,
            f"{kind}-{n % 7}",
            corpus,
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def observed():
    return [
        *drawn("right", 80, 0.9, 1), *drawn("wrong", 40, 0.6, 2),
        *drawn("near miss", 30, 0.6, 3), *drawn("outside", 40, 0.2, 4),
    ]  # fmt: skip


def test_weights_are_those_of_another_library(observed, monkeypatch):
    # Here, since it takes two seconds that every process of the tests would pay; in place of the
    # names that torch is content with.
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    fitted = calibrating.fitted(("m",), observed)
    readings = np.array([[o.readings[n] for n in fitted.sure.weights] for o in observed])
    scaler = StandardScaler().fit(readings)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000)
    theirs.fit(scaler.transform(readings), [o.right for o in observed])
    weights = theirs.coef_[0] / scaler.scale_
    assert list(fitted.sure.weights.values()) == pytest.approx(weights.tolist(), abs=0.01)


def test_a_reading_that_speaks_against_an_answer_never_speaks_for_one(observed):
    """Here what is answered leans elsewhere by chance; turned round it counts."""
    assert "elsewhere" not in calibrating.fitted(("m",), observed).sure.weights
    turned = [
        replace(one, readings=one.readings | {"elsewhere": 1 - one.readings["elsewhere"]})
        for one in observed
    ]
    fitted = calibrating.fitted(("m",), turned)
    assert fitted.sure.weights["elsewhere"] < 0
    assert fitted.near.weights["elsewhere"] < 0


def test_the_borders_keep_to_what_is_aimed_at(observed):
    """On documents that took no part in the fit."""
    figures = calibrating.fitted(("m",), observed).figures
    assert figures["shown_answerable"] >= 0.95
    assert figures["sure_wrong"] <= 0.05
    assert figures["sure_unanswerable"] <= 0.10
    assert figures["sure_answerable"] > 0.3
    assert figures["far_outside"] > 0.8


def test_each_corpus_keeps_to_it(observed):
    """Also a small one beside a large one whose wrong answers look right."""
    small = [*drawn("right", 20, 0.7, 5, "b"), *drawn("wrong", 20, 1.0, 6, "b")]
    both = [*observed, *small, *drawn("outside", 20, 0.2, 7, "b")]
    fitted = calibrating.fitted(("m",), both)
    assert fitted.corpora == ("a", "b")
    sure = np.array([fitted.sure.value(o.readings) >= 0.5 for o in both if o.corpus == "b"])
    near = np.array([fitted.near.value(o.readings) >= 0.5 for o in both if o.corpus == "b"])
    figures = calibrating.figures([o for o in both if o.corpus == "b"], sure, near)
    assert figures["sure_wrong"] <= 0.1, "the fit to all is not quite the one without them"


def test_what_was_fitted_is_kept_for_its_models_alone(tmp_path, observed, caplog):
    fitted = calibrating.fitted(("m", "n"), observed)
    file = calibration.keep(fitted, tmp_path)
    assert calibration.known(("m", "n"), tmp_path) == fitted
    assert calibration.known(("n", "m"), tmp_path) == calibration.shipped()[0]
    file.write_text("{")
    assert calibration.known(("m", "n"), tmp_path) == calibration.shipped()[0]
    assert "kb eval calibrate" in caplog.text
    assert calibration.forget(("m", "n"), tmp_path)
    assert not calibration.forget(("m", "n"), tmp_path)


def test_constants_of_readings_that_there_are_no_more_are_passed_over(tmp_path, observed, caplog):
    """A later release reads otherwise; questions are answered all the same."""
    fitted = calibrating.fitted(("m",), observed)
    sure = structs.replace(fitted.sure, weights=fitted.sure.weights | {"length": 1.0})
    calibration.keep(structs.replace(fitted, sure=sure), tmp_path)
    assert calibration.known(("m",), tmp_path) == calibration.shipped()[0]
    assert "length" in caplog.text


async def test_an_evaluation_goes_by_what_was_fitted(settings, observed, tmp_path):
    """It has a data directory of its own, and went by the constants that come with the program."""
    (tmp_path / "docs").mkdir()
    used = [models.fingerprint(one) for one in chosen.each(settings.embedding)]
    fitted = calibrating.fitted(used, observed)
    calibration.keep(fitted, models.derived_dir(settings))

    async def read(_base, _source):
        """Nothing: there are no documents."""

    async with workplace.over_documents(
        settings, tmp_path / "docs", read, with_model=False
    ) as inside:
        assert inside.settings.data != settings.data
        assert calibration.known(used, models.derived_dir(inside.settings)) == fitted


def test_where_hardly_any_question_finds_anything_nothing_is_fitted():
    few = [*drawn("right", 20, 0.7, 1), *drawn("outside", 60, 0.2, 2)]
    with pytest.raises(UsageError, match="20 of the questions"):
        calibrating.fitted(("m",), few)


@pytest.mark.slow
def test_the_command_fits_keeps_and_forgets(command, tmp_path):
    folder = tmp_path / "towns"
    (folder / "docs").mkdir(parents=True)
    rows = []
    for n, town in enumerate(TOWNS):
        text = f"The ferry to {town} leaves at {n % 12 + 1} o'clock from pier {n}."
        (folder / "docs" / f"{n}.txt").write_text(text)
        evidence = [{"doc": f"{n}.txt", "text": text}]
        rows.append({"id": str(n), "question": f"When can I sail to {town}?", "evidence": evidence})
    rows += [
        {"id": f"u{n}", "question": f"What does a cabin to {town} cost?", "unanswerable": True}
        for n, town in enumerate(TOWNS[:8])
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told = command("eval", "calibrate", str(folder))
    assert told["corpora"] == ["towns"]
    assert told["questions"] > len(rows), "questions from outside come with the program"
    assert told["figures"]["shown_answerable"] >= 0.95
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("The ferry to Arnholt leaves at one o'clock.")
    command("source", "add", "notes", str(tmp_path / "notes"))
    command("ingest")
    answer = command("ask", "When does the ferry to Arnholt leave?")
    assert answer["mode"] == "quotes"
    assert command("eval", "calibrate", "--forget") == {"forgotten": True}
    assert command("eval", "calibrate", "--forget") == {"forgotten": False}
    few = command("eval", "calibrate", code=1)
    assert few["error"]["code"] == "too_few_questions"
    assert "questions.jsonl" in few["error"]["message"]
