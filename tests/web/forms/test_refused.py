"""A form that is refused comes back with what was typed, and says beside the field what is wrong."""

import pytest
from lxml import html

HTML = {"Accept": "text/html", "Referer": "http://localhost"}
SOURCE = {
    "path": "/nowhere/at/all", "name": "Handbook & more", "schedule": "0 2 * * *", "readers": "hr",
    "rule": "paths", "paths": "hr/: hr\n*.x: sales", "curators": "carl", "about": "What <it> is.",
    "exclude": "drafts/\n*.log", "include": "", "max_file_mb": "7", "languages": "deu", "shown_as": "",
}  # fmt: skip


async def refused(client, path: str, form: dict[str, str], at: str = "", **headers: str):
    """The page that a browser shows after a form of the page ``at`` was refused."""
    referer = {"Referer": "http://localhost" + at} if at else {}
    answer = await client.post(path, data=form, headers=HTML | referer | headers)
    assert answer.headers["content-type"].startswith("text/html")
    return answer.status_code, html.document_fromstring(answer.text)


def the_form(page):
    (form,) = page.xpath("//form[@data-at]")
    return form


def said(page) -> tuple[str, str]:
    """What is wrong, and the name of the field that it is said of."""
    (sentence,) = page.xpath("//*[@id='wrong'][@role='alert']")
    fields = page.xpath("//*[@aria-describedby='wrong']/@name")
    return sentence.text, fields[0] if fields else ""


WRONG = [
    ({}, "path", "There is no folder /nowhere/at/all."),
    ({"schedule": "every night"}, "schedule", "every night"),
    ({"readers": "hr, boord"}, "readers", "no group called boord"),
    ({"paths": "hr/: boord"}, "paths", "no group called boord"),
    ({"curators": "nobody"}, "curators", "no person called nobody"),
    ({"max_file_mb": "many"}, "max_file_mb", "number of megabytes"),
    ({"name": "public"}, "name", "a source called public already"),
    ({"name": "a/b"}, "name", "1 to 100 characters"),
    ({"readers": ""}, "readers", "Say who may read it"),
]


async def test_what_was_typed_of_a_source_is_still_there(portal, tmp_path):
    administrator = await portal.as_person("anna")
    for changes, field, words in WRONG:
        given = SOURCE | ({} if field == "path" else {"path": str(tmp_path)}) | changes
        status, page = await refused(administrator, "/sources", given, "/sources")
        assert status in {400, 404, 409}
        kept = dict(the_form(page).form_values())
        assert {name: kept.get(name, "").replace("\r", "") for name in given} == given
        assert "watch" not in kept, "a box that was not ticked is not ticked"
        sentence, at = said(page)
        assert (at, words in sentence) == (field, True), (changes, sentence)
        assert page.xpath("//*[@autofocus]/@name") == [field]


async def test_it_is_said_in_the_readers_language(portal):
    administrator = await portal.as_person("anna")
    german = {"Accept-Language": "de"}
    _, page = await refused(administrator, "/sources", SOURCE, "/sources", **german)
    assert page.get("lang") == "de"
    assert said(page)[0] == "Es gibt keinen Ordner /nowhere/at/all."


async def test_of_many_forms_it_is_the_one_that_was_sent(portal):
    """Also where the page stands open for one of its rows."""
    administrator = await portal.as_person("anna")
    status, page = await refused(
        administrator, "/people", {"action": "change", "name": "rita", "groups": "hr, boord"},
        "/people?edit=rita",
    )  # fmt: skip
    assert status == 404
    form = the_form(page)
    assert form.get("data-at") == "/people?edit=rita"
    assert dict(form.form_values())["groups"] == "hr, boord"
    assert said(page)[1] == "groups"
    status, page = await refused(
        administrator, "/people", {"action": "add_group", "name": "hr"}, "/people"
    )
    assert status == 409
    assert dict(the_form(page).form_values())["action"] == "add_group"
    assert dict(the_form(page).form_values())["name"] == "hr"


async def test_it_may_be_sent_again_and_again_without_a_referer(portal):
    """The form says itself where it stands."""
    administrator = await portal.as_person("anna")
    form = {"action": "change", "readers": "boord", "schedule": "0 2 * * *"}
    _, page = await refused(administrator, "/sources/public", form, "/sources?edit=public")
    again = dict(the_form(page).form_values())
    assert again["stands_at"] == "/sources?edit=public"
    status, page = await refused(administrator, "/sources/public", again, "/sources/public")
    assert status == 404
    assert the_form(page).get("data-at") == "/sources?edit=public"
    assert len(page.xpath("//input[@name='stands_at']")) == 1
    again["readers"] = "hr"
    done = await administrator.post("/sources/public", data=again, headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, "/sources")


async def test_no_password_comes_back_and_a_new_factor_stays_the_same(portal):
    administrator = await portal.as_person("anna")
    page = html.document_fromstring(
        (await administrator.get("/account?factor=true", headers=HTML)).text
    )
    (secret,) = page.xpath("//input[@name='secret']/@value")
    form = {"action": "factor", "secret": secret, "code": "000000", "password": "never shown"}
    status, page = await refused(administrator, "/account", form, "/account?factor=true")
    assert status in {400, 403}
    assert page.xpath("//input[@name='secret']/@value") == [secret]
    assert page.xpath("//p[@class='note']/code/text()") == [secret]
    assert "never shown" not in html.tostring(page, encoding="unicode")
    assert dict(the_form(page).form_values()).get("code", "") == ""


GONE = ["http://elsewhere.example/sources", "http://localhost/no-such-page", "//x.example/"]


async def test_where_the_page_is_gone_what_was_typed_is_shown_on_the_page_of_errors(portal):
    client = await portal.as_person("nina")
    form = {"question": "q", "comment": "Long thoughts <b>", "password": "never shown"}
    for at in GONE:
        answer = await client.post("/people", data=form, headers=HTML | {"Referer": at})
        assert answer.status_code == 403
        page = html.document_fromstring(answer.text)
        assert sorted(page.xpath("//main//pre/text()")) == ["Long thoughts <b>", "q"]
        assert "never shown" not in answer.text


@pytest.mark.parametrize("sign", ["\x01", "\x0b", "\x1b", "\ufffe"])
async def test_signs_that_no_page_can_hold_are_left_out(portal, sign):
    """Copied from some programs, they come in what is typed and in what is wrong with it."""
    administrator = await portal.as_person("anna")
    typed = {"about": f"a{sign}b", "max_file_mb": "7", "path": f"/no{sign}where"}
    status, page = await refused(administrator, "/sources", SOURCE | typed, "/sources")
    assert status == 400
    kept = dict(the_form(page).form_values())
    assert (kept["about"], kept["path"], kept["max_file_mb"]) == ("ab", "/nowhere", "7")
    assert said(page) == ("There is no folder /nowhere.", "path")


@pytest.mark.parametrize("referer", ["http://[", "http://localhost/%zz?a=%", "::", "http://[::1"])
async def test_a_malformed_referer_is_none(portal, referer):
    administrator = await portal.as_person("anna")
    headers = HTML | {"Referer": referer}
    answer = await administrator.post("/sources", data=SOURCE, headers=headers)
    assert answer.status_code == 400
    assert "There is no folder /nowhere/at/all." in answer.text
    assert "What &lt;it&gt; is." in answer.text


async def test_only_what_was_changed_is_opened(portal, tmp_path):
    """A browser sends lines with CR LF; the page has them with LF."""
    administrator = await portal.as_person("anna")
    given = {"path": str(tmp_path), "name": "two", "exclude": "drafts/\n*.log", "readers": "hr"}
    assert (await administrator.post("/sources", data=given, headers=HTML)).status_code == 303
    sent = {"action": "change", "readers": "boord", "exclude": "drafts/\r\n*.log"}
    _, page = await refused(administrator, "/sources/two", sent, "/sources?edit=two")
    assert the_form(page).xpath(".//details[@open]") == []
    sent |= {"exclude": "drafts/"}
    _, page = await refused(administrator, "/sources/two", sent, "/sources?edit=two")
    assert len(the_form(page).xpath(".//details[@open]")) == 1


async def test_programs_get_json_as_before(portal):
    administrator = await portal.as_person("anna")
    answer = await administrator.post("/sources", data=SOURCE)
    assert answer.json()["error"]["code"] == "not_a_folder"
    assert answer.json()["error"]["detail"]["path"] == "/nowhere/at/all"
