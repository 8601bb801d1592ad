"""Statements of what was erased, as files: the statement, its signature, the public key."""

from typing import Any

from litestar import Request, Response, get

from kb.errors import NotFoundError
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.numbers import Number


@get("/administration/erasings/{number:int}/{kind:str}", include_in_schema=False, who=ADMINISTRATOR)
async def statement(request: Request[Any, Any, Any], number: Number, kind: str) -> Response[str]:
    """A statement, or its signature: ``minisign -Vm`` takes both under these names."""
    base = knowledge_base(request)
    found = await base.read(base.purges.stated, principal_of(request), number)
    texts = {"json": found.statement, "minisig": found.signature}
    if kind not in texts:
        raise NotFoundError("There is no such file.")
    ending = "json" if kind == "json" else "json.minisig"
    return _file(texts[kind] or "", f"erasure-{number}.{ending}")


@get("/administration/erasings/key.pub", include_in_schema=False, who=ADMINISTRATOR)
async def public_key(request: Request[Any, Any, Any]) -> Response[str]:
    """The public key that auditors keep apart."""
    base = knowledge_base(request)
    key = await base.read(base.purges.key)
    if key is None:
        raise NotFoundError("Nothing was signed yet.")
    return _file(f"untrusted comment: minisign public key {key.name}\n{key}\n", "commonplace.pub")


def _file(text: str, name: str) -> Response[str]:
    return Response(
        text,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


ROUTES = [statement, public_key]
