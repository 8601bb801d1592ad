"""``GET /metrics`` for a monitoring system."""

from typing import Any

from litestar import Request, Response, get

from web.asker import knowledge_base


@get("/metrics", summary="Figures for monitoring", sync_to_thread=True)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus' text format: how many files stand where, how long questions take."""
    text = knowledge_base(request).metrics_text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
