"""The alarm of the second wall: a hit that only the catalog stopped, though the index knew better.

The index filters by reader tokens, the catalog checks again. Between a change of rights and its way
through the outbox the catalog alone knows; later than that, a stop means that the index is wrong.
"""

import logging
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, bindparam, select, update

from kb.catalog.database import Catalog, insert_ignoring, now
from kb.catalog.tables import counters, rights_outbox

COUNTER = "access_alarms"
OUTBOX_SECONDS = 60.0
"""By then changed rights have reached the index; the scheduler carries them every 15 s."""
_LATELY = select(rights_outbox.c.document_id).where(rights_outbox.c.queued_at > bindparam("since"))
log = logging.getLogger("kb.access")


def on_their_way(connection: Connection) -> frozenset[int]:
    """Documents whose changed rights may not have reached the index yet."""
    return frozenset(connection.scalars(_LATELY, {"since": now() - OUTBOX_SECONDS}))


def sound(catalog: Catalog, document_ids: AbstractSet[int]) -> None:
    """Count and log documents that the index would have shown to somebody who may not read them."""
    if not document_ids:
        return
    log.error(
        "access alarm: the index gave out documents %s against the catalog's rights; "
        "kb check --repair mends the index",
        sorted(document_ids),
    )
    with catalog.writing() as connection:
        insert_ignoring(connection, counters, [{"name": COUNTER, "value": 0}])
        connection.execute(
            update(counters)
            .where(counters.c.name == COUNTER)
            .values(value=counters.c.value + len(document_ids))
        )


def count(connection: Connection) -> int:
    """How often the alarm has sounded in this knowledge base."""
    query = select(counters.c.value).where(counters.c.name == COUNTER)
    return int(connection.scalar(query) or 0)
