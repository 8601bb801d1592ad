"""Settings as somebody who leaves the choice of a runtime, or makes it, has them."""

import msgspec


def with_embedding(settings, **changes):
    chosen = {"runtime": "auto", "dtype": "auto"} | changes
    return msgspec.structs.replace(
        settings, embedding=msgspec.structs.replace(settings.embedding, **chosen)
    )
