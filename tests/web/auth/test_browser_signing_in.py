"""A real browser goes through every door: the three one-time links, signing in, the app's code, out."""

import base64
import hashlib
import hmac
import struct
import subprocess
import sys
import time

import pytest

from tests.parts.processes import environment_in, stop_engines, wait_for

pytestmark = pytest.mark.real
FIRST, SECOND, THIRD = (
    "seven grey geese over water",
    "a violet ladder in spring",
    "old maps of the north coast",
)


def code_of(secret: str, step: int) -> str:
    """RFC 6238 by hand: what an authenticator app shows in a step of 30 seconds."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    cut = digest[digest[-1] & 15 :][:4]
    return f"{(struct.unpack('>I', cut)[0] & 0x7FFFFFFF) % 10**6:06}"


class App:
    """An authenticator app that never shows a code twice."""

    def __init__(self, secret: str):
        self.secret, self.shown = secret, int(time.time() // 30) - 1

    def next_code(self) -> str:
        self.shown += 1
        wait_for(lambda: time.time() // 30 >= self.shown - 1)
        return code_of(self.secret, self.shown)


class FirstStart:
    """``kb serve`` in an empty data directory: its address, and the link that it prints."""

    def __init__(self, environment, folder, *arguments: str):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve", "--port", "0", *arguments],
            env=environment, cwd=folder, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        said = self.process.stderr
        self.address = next(said_of(line) for line in said if "ready at " in line)
        self.link = next(line.strip() for line in said if "/link/" in line)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(300)


def said_of(line: str) -> str:
    return line.split("ready at ")[1].split()[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory, embedder_dir):
    base = tmp_path_factory.mktemp("b")
    server = FirstStart(environment_in(base, embedder_dir), base)
    yield server
    server.stop()
    stop_engines(base / "data")


def slowly(page):
    """However loaded the machine is."""
    page.set_default_timeout(120_000)
    return page


def fill(page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"main input[name={name}]", value)
    page.click("main .fields button.primary")


def is_signed_in_as(page, name: str) -> bool:
    page.goto("/account")
    return page.inner_text(".top .account") == name


@pytest.mark.slow
@pytest.mark.sends("POST /link/{}", "POST /login next", "POST /people action=add", "POST /logout")
@pytest.mark.case("N23")
def test_the_doors_open_in_a_real_browser(chromium, served):
    """The first administrator, an invitation, a reset, sign-in, TOTP, and out again."""

    def fresh():
        return slowly(chromium.new_context(base_url=served.address, locale="en").new_page())

    anna, olaf = fresh(), fresh()
    anna.goto(served.link)
    fill(anna, name="anna", password=FIRST, again=FIRST)
    anna.wait_for_url(served.address + "/")
    assert is_signed_in_as(anna, "anna")

    anna.goto("/people")
    anna.fill(".add input[name=name]", "olaf")
    anna.click(".add button.primary")
    invitation = anna.inner_text("pre code")
    olaf.goto(invitation)
    fill(olaf, password=SECOND, again=SECOND)
    olaf.wait_for_url(served.address + "/")
    assert is_signed_in_as(olaf, "olaf")

    olaf.click("text=Sign out")
    olaf.wait_for_url("**/login")
    olaf.goto("/documents")
    olaf.wait_for_url("**/login?*")
    fill(olaf, name="olaf", password=SECOND)
    olaf.wait_for_url("**/documents")

    olaf.goto("/account?factor=true")
    app = App(olaf.inner_text(".note code"))
    fill(olaf, code=app.next_code(), password=SECOND)
    olaf.wait_for_url("**/account")
    olaf.click("text=Sign out")
    olaf.wait_for_url("**/login")
    fill(olaf, name="olaf", password=SECOND)
    olaf.wait_for_selector("main input[name=code]")
    fill(olaf, password=SECOND, code=app.next_code())
    olaf.wait_for_url(served.address + "/")
    assert is_signed_in_as(olaf, "olaf")

    anna.goto("/people?edit=olaf")
    anna.click("text=Link for a new password")
    reset = anna.inner_text("pre code")
    elsewhere = fresh()
    elsewhere.goto(reset)
    assert elsewhere.is_visible("main input[name=code]"), "a reset asks for the second factor too"
    fill(elsewhere, password=THIRD, again=THIRD, code=app.next_code())
    elsewhere.wait_for_url(served.address + "/")
    assert is_signed_in_as(elsewhere, "olaf")
    olaf.goto("/account")
    olaf.wait_for_url("**/login?*")


@pytest.mark.case("N23")
def test_a_refused_request_is_a_page_where_html_is_accepted(chromium, served):
    """What the guard refuses is told in the reader's words, not as raw JSON."""
    page = slowly(chromium.new_context(locale="de").new_page())
    page.goto(
        f"data:text/html,<form method=post action='{served.address}/login'><button>Go</button></form>"
    )
    page.click("button")
    page.wait_for_url(served.address + "/login")
    assert page.get_attribute("html", "lang") == "de"
    assert "server.public_url" in page.inner_text("main .lead")
    plain = page.request.post(
        served.address + "/login", headers={"Origin": "null", "Accept": "application/json"}
    )
    assert plain.status == 403
    assert plain.json()["error"]["code"] == "foreign_origin"
