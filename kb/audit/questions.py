"""What is asked in this house, in figures, for those who look after it."""

from kb.catalog import questions
from kb.catalog.database import Catalog
from kb.rights import access
from kb.types.asked import AskedLately
from kb.types.people import Principal


class Questions:
    """The questions of one data directory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def lately(self, by: Principal, days: int) -> AskedLately:
        """What was asked in the last days.

        Raises:
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return AskedLately(
                days=questions.by_day(connection, days),
                frequent=questions.most_frequent(connection, days, unanswered=False),
                missing=questions.most_frequent(connection, days, unanswered=True),
                by_source=questions.by_source(connection, days),
            )
