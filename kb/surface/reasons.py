"""Why a file is not (or not wholly) searchable: a code with parameters, rendered for people.

Each sentence says what happened and what to do next. The texts are message ids for gettext.
"""

from collections.abc import Callable, Mapping
from gettext import NullTranslations
from typing import Any

from kb.types.parsed import ALSO

ENGLISH = NullTranslations()


def _(text: str) -> str:
    return text


def ngettext(one: str, many: str) -> tuple[str, str]:
    """A sentence for one of a thing, and for many."""
    return one, many


REASONS: dict[str, str] = {
    "empty": _("The file is empty. Nothing to do, unless it should have content."),
    "no_text": _("No text was found in it. If it holds pictures of text, it needs OCR."),
    "scan_unread": _("On {pages} of its pages no text could be recognised."),
    "tracked_changes": _(
        "It has tracked changes (insertions: {insertions}, deletions: {deletions}). It was read as "
        "if all of them were accepted."
    ),
    "hidden_cells": _(
        "What is hidden was left out (rows: {rows}, columns: {columns}, cells that show nothing: "
        "{cells}). Unhide it to have it found."
    ),
    "encrypted": _("It is protected by a password. Save a copy without one in its place."),
    "damaged": _("It is damaged or not what its name says ({what}). Open and save it again."),
    "unknown_type": _("Files of this kind ({what}) are not read. Save it as PDF or Office file."),
    "needs_libreoffice": _(
        "It is in an old Office format ({what}). Install LibreOffice, then run kb ingest."
    ),
    "expands_too_far": _("Unpacked it would be larger than {limit} MB; it was not unpacked."),
    "cells_left_out": _("It has more than {cells} cells; those beyond are not searchable."),
    "signature_only": _("It is a signature without the text that it signs. Nothing to do."),
    "mail_encrypted": _("The mail is encrypted; only who, to whom and about what can be found."),
    "picture_too_large": _("The picture has more than {limit} million pixels. Make it smaller."),
    "disk_full": _("There is no room left on the disk. It is tried again when there is."),
    "too_large": _("It is larger than {limit} MB. Raise ingest.max_file_mb to have it read."),
    "unreadable": _("It could not be opened: {what}. Check the file's permissions."),
    "not_regular": _("It is not a regular file."),
    "path_too_long": _(
        "Its path is longer than 2,400 bytes. Give it or its folders shorter names."
    ),
    "unexpected": _("Reading it met what nobody expected: {what}. It is tried again."),
    "symlink_outside": _("It is a link that leads out of the folder; such links are not followed."),
    "changed_while_reading": _(
        "It was being written while it was read. It is tried again next run."
    ),
    "parser_timeout": _("Reading it took longer than {seconds} s and was stopped."),
    "parser_memory": _("Reading it needed more memory than ingest.parse_memory_mb allows."),
    "parser_space": _("Reading it took more than {limit} MB of temporary files and was stopped."),
    "parser_crashed": _("The program that reads it crashed ({signal}). The file may be damaged."),
    "no_such_page": _("It has no such page."),
    "too_deep": _("It is nested more than {limit} containers deep."),
    "not_reached": _(
        "Its turn has not come yet. If no run is going on, it is among the first of the next one."
    ),
    "bytes_missing": _(
        "What was kept of it is gone or damaged. What it came out of is read again next run."
    ),
    "interrupted": _("Reading it was interrupted; the next run begins again."),
    "engine_unavailable": _("A part of Commonplace did not answer. It is tried again next run."),
}


COUNTED: dict[str, tuple[str, tuple[str, str]]] = {
    "scan_without_ocr": (
        "pages",
        ngettext(
            "{pages} of its pages is a scan without text. Install tesseract-ocr, then run kb "
            "ingest.",
            "{pages} of its pages are scans without text. Install tesseract-ocr, then run kb "
            "ingest.",
        ),
    ),
    "unreadable_letters": (
        "pages",
        ngettext(
            "The letters of {pages} page make no words: the file says others than it shows. They "
            "are never used in answers. Install tesseract-ocr and run kb ingest, or print the file "
            "to a new PDF.",
            "The letters of {pages} pages make no words: the file says others than it shows. They "
            "are never used in answers. Install tesseract-ocr and run kb ingest, or print the file "
            "to a new PDF.",
        ),
    ),
    "pictures_unread": (
        "pictures",
        ngettext(
            "{pictures} picture in it was not read. If it holds text, install tesseract-ocr and "
            "run kb ingest, or attach it as a file of its own.",
            "{pictures} pictures in it were not read. If they hold text, install tesseract-ocr and "
            "run kb ingest, or attach them as files of their own.",
        ),
    ),
    "pictures_beyond": (
        "pictures",
        ngettext(
            "{pictures} picture in it was not read: a document's first 40 are, as long as reading "
            "them takes no more than 30 seconds. If it holds text, attach it as a file of its own.",
            "{pictures} pictures in it were not read: a document's first 40 are, as long as "
            "reading them takes no more than 30 seconds. If they hold text, attach them as files "
            "of their own.",
        ),
    ),
    "hidden_text": (
        "pieces",
        ngettext(
            "It has text that a reader does not see ({pieces} piece). It is found as “Hidden text” "
            "and never used in answers. Look at who wrote it, and why.",
            "It has text that a reader does not see ({pieces} pieces). They are found as “Hidden "
            "text” and never used in answers. Look at who wrote it, and why.",
        ),
    ),
    "hidden_sheets": (
        "sheets",
        ngettext(
            "{sheets} hidden sheet in it was left out. Unhide it to have it found.",
            "{sheets} hidden sheets in it were left out. Unhide them to have them found.",
        ),
    ),
    "hidden_slides": (
        "slides",
        ngettext(
            "{slides} of its slides is hidden in a show. It was read, since whoever opens the file "
            "sees it.",
            "{slides} of its slides are hidden in a show. They were read, since whoever opens the "
            "file sees them.",
        ),
    ),
    "cut_short": (
        "parts",
        ngettext(
            "{parts} part of it (a table, a chart, an inserted file) is larger than what is read; "
            "what is beyond was left out.",
            "{parts} parts of it (tables, charts, inserted files) are larger than what is read; "
            "what is beyond was left out.",
        ),
    ),
    "formulas_without_value": (
        "formulas",
        ngettext(
            "{formulas} formula in it has no value. Open the file in its program and save it.",
            "{formulas} formulas in it have no value. Open the file in its program and save it.",
        ),
    ),
    "parts_unread": (
        "parts",
        ngettext(
            "{parts} part of it (a chart, a note, an inserted file) could not be read. Open and "
            "save it again.",
            "{parts} parts of it (charts, notes, inserted files) could not be read. Open and save "
            "it again.",
        ),
    ),
    "members_left_out": (
        "members",
        ngettext(
            "{members} file in it was left out: encrypted, damaged, or beyond "
            "ingest.max_expanded_mb and ingest.max_members.",
            "{members} files in it were left out: encrypted, damaged, or beyond "
            "ingest.max_expanded_mb and ingest.max_members.",
        ),
    ),
    "pictures_left_out": (
        "pictures",
        ngettext(
            "{pictures} small picture in its text (a logo, an icon) was left out. If it holds "
            "text, attach it as a file of its own.",
            "{pictures} small pictures in its text (logos, icons) were left out. Attach those that "
            "hold text as files of their own.",
        ),
    ),
    "scan_beyond": (
        "pages",
        ngettext(
            "{pages} of its pages is a scan that there was no time to read. Raise "
            "ingest.parse_seconds, or split the file.",
            "{pages} of its pages are scans that there was no time to read. Raise "
            "ingest.parse_seconds, or split the file.",
        ),
    ),
    "scan_uncertain": (
        "pages",
        ngettext(
            "{pages} scanned page was read with little certainty (page {which}). Look at it; a "
            "better scan helps.",
            "{pages} scanned pages were read with little certainty (pages {which}). Look at them; "
            "a better scan helps.",
        ),
    ),
}
"""By code: the parameter that is counted, and the sentence for one of it and for many."""


TITLES: dict[str, str] = {
    "empty": _("empty"),
    "no_text": _("no text"),
    "scan_without_ocr": _("scans, no OCR installed"),
    "scan_beyond": _("more scans than there was time for"),
    "scan_unread": _("scans without readable text"),
    "scan_uncertain": _("scans read with little certainty"),
    "unreadable_letters": _("unreadable letters"),
    "pictures_unread": _("pictures not read"),
    "pictures_beyond": _("more pictures than are read"),
    "hidden_text": _("hidden text"),
    "tracked_changes": _("tracked changes"),
    "hidden_sheets": _("hidden sheets left out"),
    "hidden_cells": _("hidden rows or columns left out"),
    "hidden_slides": _("hidden slides"),
    "cut_short": _("larger than what is read"),
    "formulas_without_value": _("formulas without values"),
    "parts_unread": _("parts not read"),
    "encrypted": _("protected by a password"),
    "mail_encrypted": _("encrypted mail"),
    "pictures_left_out": _("small pictures left out"),
    "signature_only": _("signature without text"),
    "damaged": _("damaged"),
    "unknown_type": _("kind of file not read"),
    "needs_libreoffice": _("old format, LibreOffice missing"),
    "members_left_out": _("some members left out"),
    "expands_too_far": _("expands too far"),
    "cells_left_out": _("too many cells"),
    "picture_too_large": _("picture too large"),
    "too_large": _("too large"),
    "unreadable": _("not readable"),
    "not_regular": _("not a regular file"),
    "path_too_long": _("path too long"),
    "unexpected": _("unexpected error"),
    "symlink_outside": _("link that leads out"),
    "changed_while_reading": _("being written"),
    "parser_timeout": _("took too long"),
    "parser_memory": _("needed too much memory"),
    "parser_space": _("needed too much room"),
    "parser_crashed": _("crashed the reader"),
    "no_such_page": _("no such page"),
    "too_deep": _("nested too deep"),
    "not_reached": _("turn not come yet"),
    "bytes_missing": _("kept bytes missing"),
    "interrupted": _("interrupted"),
    "disk_full": _("disk full"),
    "engine_unavailable": _("a part did not answer"),
}
"""By code: the reason in a few words, which stands beside a count."""


def title(code: str, translate: Callable[[str], str] = str) -> str:
    """A reason in a few words."""
    return translate(TITLES.get(code, code))


def render(
    code: str | None,
    parameters: Mapping[str, Any] | None,
    words: NullTranslations = ENGLISH,
) -> str | None:
    """The sentence for a code and those for what else is said (``also``); None without a code."""
    if code is None:
        return None
    given = parameters or {}
    said = [(code, given), *given.get(ALSO, ())]
    return " ".join(_sentence(one, of_it, words) for one, of_it in said)


def _sentence(code: str, parameters: Mapping[str, Any], words: NullTranslations) -> str:
    if code in COUNTED:
        counted, (one, many) = COUNTED[code]
        count = parameters.get(counted)
        template = words.ngettext(one, many, count if isinstance(count, int) else 2)
    elif code in REASONS:
        template = words.gettext(REASONS[code])
    else:
        return code
    return template.format_map(_Lenient(parameters))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
