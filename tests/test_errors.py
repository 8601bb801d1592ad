"""Errors have one shape."""

from kb.errors import NotFoundError


def test_errors_have_one_shape():
    shape = NotFoundError("Gone.", detail={"a": 1}).as_json()
    assert shape == {"error": {"code": "not_found", "message": "Gone.", "detail": {"a": 1}}}
