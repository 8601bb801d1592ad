"""``GET /metrics`` for a monitoring system."""

from typing import Any

from litestar import Request, Response, get

from kb.surface import status
from web.asker import knowledge_base
from web.auth.who import METRICS


@get("/metrics", summary="Figures for monitoring", who=METRICS)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus' text format: how many files stand where, how long questions take."""
    base = knowledge_base(request)
    text = await base.read(status.metrics_text, base)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
