"""Which questions compare two things, in each language of the interface; which do not."""

import pytest

from kb.text import comparing


@pytest.mark.parametrize(
    ("question", "each"),
    [
        (
            "What is the difference between the day ticket and the annual ticket?",
            ("What is the the day ticket?", "What is the the annual ticket?"),
        ),
        (
            "What is the difference in price between Solaro and Kestrel?",
            ("What is the in price Solaro?", "What is the in price Kestrel?"),
        ),
        ("Compare plan Alpha with plan Beta.", ("plan Alpha.", "plan Beta.")),
        ("Is LT-101 or LT-112 older?", ("Is LT-101 older?", "Is LT-112 older?")),
        ("Depot North vs. Depot South costs", ("Depot North costs", "Depot South costs")),
        ('Is the "day ticket" versus "year card" cheap?', ('Is the "day ticket" cheap?', 'Is the "year card" cheap?')),
        ("Cosa vale «base» rispetto a «esteso»?", ("Cosa vale «base»?", "Cosa vale «esteso»?")),
        (
            "Was unterscheidet Tarif A im Vergleich zu Tarif B?",
            ("Was unterscheidet Tarif A?", "Was unterscheidet Tarif B?"),
        ),
        (
            "Worin liegt der Unterschied zwischen Gleitzeit und Schichtdienst?",
            ("Worin liegt der Gleitzeit?", "Worin liegt der Schichtdienst?"),
        ),
        (
            "Quelle est la différence entre le billet simple et l'abonnement ?",
            ("Quelle est la le billet simple ?", "Quelle est la l'abonnement ?"),
        ),
        (
            "Confronta il piano base con il piano esteso",
            ("il piano base", "il piano esteso"),
        ),
        (
            "¿Qué diferencia hay entre el turno de día y el de noche?",
            ("¿Qué hay el turno de día?", "¿Qué hay el de noche?"),
        ),
    ],
)  # fmt: skip
def test_each_thing_is_asked_for_alone(question, each):
    assert comparing.of_each(question) == each


@pytest.mark.parametrize(
    "question",
    [
        "Is overtime paid out or taken as time off?",
        "How many buses run between nine and twelve?",
        "Who signs the contract and who pays?",
        "How do the two methods compare with each other and with tests?",
        "Wann wird Urlaub genehmigt oder abgelehnt?",
        "Wie komme ich von Kiel nach Ulm?",
    ],
)
def test_what_compares_nothing_named_stays_one_question(question):
    assert comparing.of_each(question) == ()
