"""Number formats: hand-written values, and every kind of code beside what LibreOffice shows."""

import csv
import subprocess

import pytest
import xlsxwriter

from ingest.parsers import libreoffice
from ingest.parsers.number_formats import shown, shown_text

CODES = (
    "@", "General", "0", "0.00", "#,##0", "#,##0.00", "# ##0", "0%", "0.0%", "%0", "0 %",
    "0.00E+00", "##0.0E+0", "0.0E-0", "00.00E+000", "# ?/?", "# ??/??", "# ?/4", "?/?", "# ??/16",
    '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-',
    '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    "[Red]0.0;[Blue]-0.0", "[Red]-0.0", "0.0;[Red]0.0", '0;-0;"nil";@', "[$€-407] #,##0.00",
    "#,##0.00 [$CHF-807]", "[$$-409]#,##0.00", '[>=100]"big "0;"small "0',
    '[<0]"neg "0;[=0]"nil";"pos "0', '"AB-"00000', "000-000", "(000) 000-0000", '0" kg"', "0.0,",
    '0.0,,"M"', "+0;-0;0", "0.###", "#.##", ".00", "?0.0?", "0_)", '"a;b"0', '"x";"y";"z"',
    'General" km"', "General;-General", "\\@0", "dd.mm.yyyy", "yyyy-mm-dd hh:mm:ss", "hh:mm",
    "[h]:mm", "[mm]:ss", "[ss]", "h:mm AM/PM", "d.m.yy", "mm:ss.0", "[h]:mm:ss.00", "hh:mm:ss.000",
    ";;;", ";;;@", "0;", "0;;;", "0;;;@", "#", "0-0", '00"-"00', '#"."00', "[Color3]0", "0,000.0",
    '"No. "@', '0;0;0;"No. "@', "0;0;0;",
)  # fmt: skip
VALUES = (
    0, 1, -1, 5.25, -5.25, 0.5, 12345.678, -1234.5, 99.999, 100, 0.0001234, 45000.7512345, 2.5, "Text 17",
)  # fmt: skip
AS_SHOWN = "csv:Text - txt - csv (StarCalc):9,34,76,1,,1033,false,true,true,false"
"""By tabs, in UTF-8, American, as it is shown."""


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (815, '"AB-"00000', "AB-00815"),
        (1067, "00000", "01067"),
        (1234.5, '#,##0.00\\ "€"', "1234.50 €"),
        (1234.5, "_-* #,##0.00\\ [$€-407]_-", "1234.50 €"),
        (0.075, "0.0%", "7.5%"),
        (49301234567, "+0", "+49301234567"),
        (5551234, "[<=9999999]###-####;(###) ###-####", "555-1234"),
        (2075551234, "[<=9999999]###-####;(###) ###-####", "(207) 555-1234"),
        (-5.5, "0.00_);[Red](0.00)", "(5.50)"),
        (-5.5, "0.0", "-5.5"),
        (0, '0;-0;"none"', "none"),
        (1234567, '0.0,,"M"', "1.2M"),
        (815, "@", "815"),
        (-5, "_-* #,##0_-", "-5"),
        (46086.7512345, "hh:mm:ss.00", "18:01:46.66"),
        (62.346 / 86_400, "[mm]:ss.00", "01:02.35"),
        (46086, '[$-411]ggge"年"m"月"d"日"', "2026-03-05"),
        (0.75, "上午/下午h:mm", "下午6:00"),
        (123456, "##0.0E+0", "123.5E+3"),
        (2.25, "?/?", "9/4"),
        (2.5, "# ?/4", "2 2/4"),
        (-3, "General;-General", "-3"),
        (12345, "0.00E+00", "1.23E+04"),
        (2.25, "# ?/?", "2 1/4"),
        (2.675, "0.00", "2.68"),
        (0.1 + 0.2, "General", "0.3"),
        (46086, "DD.MM.YYYY", "05.03.2026"),
        (46086, "[$-407]d. mmmm yyyy", "2026-03-05"),
        (46086, "mm-dd-yy", "2026-03-05"),
        (46086.75, "dd/mm/yyyy hh:mm", "05/03/2026 18:00"),
        (7.5 / 24, "hh:mm", "07:30"),
        (27.25 / 24, "[h]:mm", "27:15"),
        (1.135, "[h]:mm:ss", "27:14:24"),
        (0.5, "h:mm AM/PM", "12:00 PM"),
        (1e30, "yyyy-mm-dd", "1e+30"),
        (7, "0" * 500, "7"),
    ],
)
def test_a_value_is_shown_as_its_sheet_shows_it(value, code, expected):
    assert shown(value, code) == expected


def test_a_text_may_have_something_around_it_or_not_be_shown():
    assert shown_text("17", '0;0;0;"No. "@') == "No. 17"
    assert shown_text("17", "@") == "17"
    assert shown_text("17", "0.00;-0.00") == "17"
    assert shown_text("17", ";;;") == shown_text("17", "0;0;0;") == ""


def by_libreoffice(path, folder) -> list[list[str]]:
    """Each row as it is shown."""
    subprocess.run(
        [libreoffice.program() or "", f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", AS_SHOWN, "--outdir", str(folder), str(path)],
        capture_output=True, check=True,
    )  # fmt: skip
    with path.with_suffix(".csv").open(encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t"))


def even(text: str) -> str:
    """Without what this program leaves out on purpose: marks between thousands, filling blanks."""
    return "".join(text.replace(",", "").split())


@pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is not installed")
def test_values_are_shown_as_libreoffice_shows_them(tmp_path):
    made = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = made.add_worksheet()
    sheet.set_column(0, len(VALUES), 40)
    for row, code in enumerate(CODES):
        look = made.add_format({"num_format": code})
        for column, value in enumerate(VALUES):
            sheet.write(row, column, value, look)
    made.close()
    wrong = [
        (code, value, ours, theirs)
        for code, row in zip(CODES, by_libreoffice(tmp_path / "a.xlsx", tmp_path), strict=True)
        for value, theirs in zip(VALUES, row, strict=True)
        if even(ours := (shown_text if isinstance(value, str) else shown)(value, code))
        != even(theirs)
    ]
    assert not wrong
