"""Nothing is connected to but the addresses in the configuration.

Engines and parsers have no network (:mod:`kb.silence.confining`); the web process and workers
refuse, log and count what is not configured (:mod:`kb.silence.guard`); whether anything reaches out
all the same is seen in a sinkhole (:mod:`kb.silence.sinkhole`).
"""
