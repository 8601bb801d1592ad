"""``GET /metrics`` for a monitoring system."""

from typing import Any

from litestar import Request, Response, get

from kb import status
from web.asker import knowledge_base
from web.auth.who import METRICS


@get("/metrics", summary="Figures for monitoring", sync_to_thread=True, who=METRICS)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus' text format: how many files stand where, how long questions take."""
    text = status.metrics_text(knowledge_base(request))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
