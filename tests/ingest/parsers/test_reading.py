"""The measure of reading: what it finds missing, and that nothing of the samples is."""

import pytest

from bench import reading
from kb import samples

SOME = ["biglietti.html", "charging-points-offer.eml", "it-notes.md", "staff-handbook.docx"]


@pytest.mark.parametrize("name", SOME)
def test_of_the_samples_everything_is_read(name, tmp_path):
    compared = reading.compare(samples.documents() / name, tmp_path)
    assert compared is not None
    assert compared.words > 50
    assert compared.share >= reading.AIM, compared.missing


def test_what_is_not_read_is_told(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<html><body><p>One two.</p><nav>three</nav><p>four</p></body></html>")
    compared = reading.compare(path, tmp_path)
    assert compared is not None and compared.share == 1
    missing = reading.words("one two two three") - reading.words("two one")
    assert missing == {"two": 1, "three": 1}
