"""A sentence that stands in a passage word for word is supported; one that is cut out of another is not."""

import pytest

from kb.answers import support, verbatim

WHOLE = [
    ("It costs 3.50 euros a day.", "It costs 3.50 euros a day."),
    ("The hall is open on Sundays.", "Rules. The hall is open on Sundays. Dogs pay."),
    ("The hall is open on Sundays. Dogs pay twice.", "Rules. The hall is open on Sundays. Dogs pay twice. End."),
    ("The hall is open on Sundays.", "- The hall is open on Sundays\n- Dogs pay"),
    ("The hall is open on Sundays.", "1. The hall is open on Sundays;\n2. Dogs pay"),
    ("The hall is open on Sundays.", "The hall is open\non Sundays."),
    ("The hall is open on Sundays.", "The hall is open on Sundays, and dogs pay."),
    ("The hall is open on Sundays.", "He said: “The hall is open on Sundays.”\n“The hall is open on Sundays.”"),
    ("The rate is 5 % a year.", "The rate is 5 % a year."),
    ("Leave is paid only if it is approved.", "Leave is paid only if it is approved."),
    ("Der Saal ist am Sonntag offen.", "Der Saal ist am Sonntag offen; Hunde zahlen."),
    ("Der Saal ist am 3. Mai offen.", "Der Saal ist am 3. Mai offen."),
    ("La salle est ouverte le dimanche.", "La salle est ouverte le dimanche. Les chiens paient."),
    ("𝒯he hall costs 3 𝒸oins.", "Now 𝒯he….\n𝒯he hall costs 3 𝒸oins."),
]  # fmt: skip
CUT = [
    ("It costs 3.", "It costs 3.50."),
    ("The ticket for it costs 3.", "The ticket for it costs 3.50 euros."),
    ("The ticket for it costs 1.", "The ticket for it costs 1,200 euros."),
    ("The ticket for it costs 1.", "The ticket for it costs 1'200 francs."),
    ("The ticket for it costs 3.", "The ticket for it costs 3 million euros."),
    ("The yearly rate of it is 5.", "The yearly rate of it is 5 %."),
    ("The yearly rate of it is 5.", "The yearly rate of it is 5%."),
    ("5 degrees is the limit here.", "-5 degrees is the limit here."),
    ("5 degrees is the limit here.", "Minus 5 degrees is the limit here."),
    ("5 people may use the lift.", "More than 5 people may use the lift."),
    ("Leave of this kind is paid.", "Leave of this kind is paid only if it was approved."),
    ("Leave of this kind is paid.", "Leave of this kind is paid, unless it was taken late."),
    ("Leave of this kind is paid.", "Leave of this kind is paid\nonly if it was approved."),
    ("Leave of this kind is paid.", "If it was approved, leave of this kind is paid."),
    ("Leave of this kind is paid.", "It is not true that leave of this kind is paid."),
    ("Leave of this kind is paid.", "It is not true that\nleave of this kind is paid."),
    ("Leave of this kind is paid.", "Leave of this kind is paid nowhere."),
    ("Leave of this kind is paid.", "Leave of this kind is paid to nobody."),
    ("Leave of this kind is paid.", "Leave of this kind is paid; this does not hold for trainees."),
    ("Dogs may enter the hall.", "No dogs may enter the hall."),
    ("Dogs may enter the hall.", "Dogs may enter the hall except on Sundays."),
    ("Dogs may enter the hall.", "Dogs may enter the hall (but not the garden room)."),
    ("Smoking is allowed.", "Smoking is allowed only outside."),
    ("Der Urlaub wird voll bezahlt.", "Der Urlaub wird voll bezahlt, wenn er genehmigt ist."),
    ("Der Urlaub wird voll bezahlt.", "Der Urlaub wird voll bezahlt, sofern er genehmigt ist."),
    ("Der Urlaub wird voll bezahlt.", "Es ist falsch, dass der Urlaub wird voll bezahlt."),
    ("Hunde dürfen in den Saal.", "Hunde dürfen in den Saal, außer am Sonntag."),
    ("Hunde dürfen in den Saal.", "Keine Hunde dürfen in den Saal."),
    ("Der Eintritt kostet 3.", "Der Eintritt kostet 3,50 Euro."),
    ("Der Eintritt kostet 1.", "Der Eintritt kostet 1.200 Euro."),
    ("Le congé annuel est payé.", "Le congé annuel est payé seulement s'il est approuvé."),
    ("Le congé annuel est payé.", "Le congé annuel est payé à condition d'être approuvé."),
    ("Le congé annuel est payé.", "Le congé annuel est payé, sauf le dimanche."),
    ("Le billet coûte 3.", "Le billet coûte 3,50 euros."),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "text"), WHOLE)
def test_what_stands_there_as_it_is_is_supported(claim, text):
    found = support.judge(claim, text, "", lambda *_: 0.0)
    assert found.holds
    assert found.score == 1.0
    quoted = " ".join(text[found.start : found.end].split())
    assert quoted.casefold().rstrip(".;") == claim.casefold().rstrip(".")


@pytest.mark.parametrize(("claim", "text"), CUT)
def test_what_is_cut_out_of_a_sentence_that_says_otherwise_is_not(claim, text):
    assert verbatim.standing(claim, text).whole is None
    assert not support.judge(claim, text, "", lambda *_: 1.0).holds


def test_the_same_elsewhere_in_the_passage_counts():
    text = "Leave of this kind is paid only on Sundays. Leave of this kind is paid."
    assert support.judge("Leave of this kind is paid.", text, "", lambda *_: 1.0).start == 44
