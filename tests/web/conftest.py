"""What tests of the pages share."""

import pytest


@pytest.fixture
def opened(chromium, sample_server):
    """Opens a page of the samples; nothing throws, and nothing is there that the policy refuses."""
    problems, contexts = [], []

    def open_page(path="/", **options):
        made = chromium.new_context(base_url=sample_server.address, locale="en", **options)
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda m: problems.append(m.text) if "Content Security" in m.text else None
        )
        page.goto(path)
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert not problems
