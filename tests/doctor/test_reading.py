"""What reads files: as it should be, and when something is wrong."""

import os

from kb.doctor import reading
from kb.doctor.asking import ExaminedPart, everything
from kb.files import programs
from tests.doctor.asking import asked, states


async def test_no_tesseract_and_no_libreoffice(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await states(reading.recognising, asked(settings)) | await states(
        reading.office, asked(settings)
    )
    assert found == {"ocr": ("better", "no_tesseract"), "office": ("better", "no_office")}


async def test_a_tesseract_that_says_nothing_is_not_waited_for(settings, monkeypatch, tmp_path):
    (tmp_path / "tesseract").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "tesseract").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(programs, "TESSERACT_SECONDS", 0.5)
    [one] = await everything(asked(settings), [ExaminedPart("ocr", reading.recognising)])
    assert (one.state, one.code) == ("wrong", "silent")


async def test_a_language_that_is_not_installed_is_named_with_its_package(settings):
    [one] = await reading.recognising(asked(settings, ingest__ocr_languages="eng+tlh_xx"))
    assert (one.state, one.code) == ("better", "no_languages")
    assert one.command == "apt-get install tesseract-ocr tesseract-ocr-tlh-xx"


async def test_parsers_have_no_network_here(settings):
    state, code = (await states(reading.confined, asked(settings)))["sandbox"]
    assert code in {"sandbox_apart", "sandbox_limits"}
    assert (state == "ok") == (code == "sandbox_apart")
