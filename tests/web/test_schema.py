"""schemathesis over the OpenAPI description: whatever is sent, the service answers in its one shape."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
async def described(portal):
    rita = await portal.as_person("rita")
    raw = (await rita.get("/schema")).json()
    return portal, rita, raw


@pytest.mark.case("S64")
async def test_no_request_that_can_be_made_up_breaks_it(described):
    _, rita, raw = described
    schema = schemathesis.openapi.from_dict(raw)
    cases = []

    @settings(max_examples=250, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def collect(data):
        operations = [o.ok() for o in schema.get_all_operations()]
        operation = data.draw(st.sampled_from(operations))
        cases.append(data.draw(operation.as_strategy()))

    import asyncio

    await asyncio.to_thread(collect)
    assert len({(c.method, c.path) for c in cases}) > 15
    for case in cases:
        given_ = case.as_transport_kwargs(base_url="http://localhost")
        try:
            answer = await rita.request(
                given_["method"], given_["url"], params=given_.get("params"),
                headers={k: v for k, v in (given_.get("headers") or {}).items() if v.isascii()},
                **{k: given_[k] for k in ("json", "data", "content") if k in given_},
            )  # fmt: skip
        except (ValueError, UnicodeError, TypeError):
            continue  # what no client can send
        assert answer.status_code in {*range(200, 500), 503}, (case.method, case.path)
        if answer.status_code >= 400 and answer.headers["content-type"].startswith(
            "application/json"
        ):
            assert set(answer.json()) == {"error"}, answer.text[:200]
