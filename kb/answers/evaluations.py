"""How good answers were: evaluations that were run and kept, to be looked at and laid side by side.

Running them is ``kb/evaluation``'s, which stands above the facade: it puts questions to all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.audit.log import noted
from kb.catalog import evaluations
from kb.catalog.database import Catalog
from kb.errors import NotFoundError
from kb.types.evaluations import Evaluation, KeptEvaluation, QuestionResult
from kb.types.people import Principal


@dataclass(frozen=True, slots=True)
class Results:
    """An evaluation with what came of its questions, by their id."""

    run: KeptEvaluation
    questions: Mapping[str, QuestionResult]


class Evaluations:
    """The evaluations in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def keep(self, done: Evaluation, results: Sequence[QuestionResult]) -> None:
        """Store an evaluation."""
        with self._catalog.writing() as connection:
            evaluations.keep(connection, done, results)

    def listed(self) -> list[KeptEvaluation]:
        """Every one, the newest first."""
        with self._catalog.reading() as connection:
            return evaluations.all_of(connection)

    def one(self, number: int) -> KeptEvaluation:
        """One of them, by its number.

        Raises:
            NotFoundError: there is none.
        """
        [found] = self.side_by_side(number)
        return found.run

    def side_by_side(self, *numbers: int) -> list[Results]:
        """Several at one moment, with their questions; raises as :meth:`one`."""
        found = []
        with self._catalog.reading() as connection:
            for number in numbers:
                run = evaluations.get(connection, number)
                if run is None:
                    raise _missing(number)
                found.append(Results(run, evaluations.questions(connection, number)))
        return found

    def forget(self, principal: Principal, number: int) -> None:
        """Forget one; raises as :meth:`one`."""
        with self._catalog.writing() as connection:
            noted(connection, principal, "evaluation.forget", str(number))
            if not evaluations.remove(connection, number):
                raise _missing(number)


def _missing(number: int) -> NotFoundError:
    return NotFoundError("There is no such evaluation.", detail={"evaluation": number})
