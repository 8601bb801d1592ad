"""How good answers were: evaluations that are asked for, run, kept, and laid side by side.

Running them is ``kb/evaluation``'s, which stands above the facade: it puts questions to all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.audit.log import noted
from kb.catalog import asked_evaluations as asked
from kb.catalog import evaluations
from kb.catalog.database import Catalog
from kb.errors import ConflictError, NotFoundError
from kb.rights import access
from kb.types.evaluations import AskedEvaluation, Evaluation, KeptEvaluation, QuestionResult
from kb.types.people import Principal


@dataclass(frozen=True, slots=True)
class Results:
    """An evaluation with what came of its questions, by their id."""

    run: KeptEvaluation
    questions: Mapping[str, QuestionResult]


class Evaluations:
    """The evaluations in a catalog. Only administrators look at them, ask for one or end one."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def keep(self, done: Evaluation, results: Sequence[QuestionResult]) -> None:
        """Store an evaluation."""
        with self._catalog.writing() as connection:
            evaluations.keep(connection, done, results)

    def listed(self, by: Principal) -> list[KeptEvaluation]:
        """Every evaluation, the newest first.

        Raises:
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return evaluations.all_of(connection)

    def one(self, by: Principal, number: int) -> KeptEvaluation:
        """An evaluation by its number.

        Raises:
            NotFoundError: there is none.
            ForbiddenError: they do not administrate.
        """
        [found] = self.side_by_side(by, number)
        return found.run

    def side_by_side(self, by: Principal, *numbers: int) -> list[Results]:
        """Several at one moment, with their questions; raises as :meth:`one`."""
        access.must_manage(by)
        found = []
        with self._catalog.reading() as connection:
            for number in numbers:
                run = evaluations.get(connection, number)
                if run is None:
                    raise _missing(number)
                found.append(Results(run, evaluations.questions(connection, number)))
        return found

    def ask(
        self, principal: Principal, what: str, *, answers: bool, drawn: int | None
    ) -> AskedEvaluation:
        """Ask for an evaluation: a worker runs it.

        Raises:
            ConflictError: one goes on already.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(principal)
        with self._catalog.writing() as connection:
            before = asked.newest(connection)
            if before is not None and before.is_open:
                raise ConflictError("An evaluation goes on already.", code="evaluation_busy")
            number = asked.ask(connection, principal, what, answers=answers, drawn=drawn)
            noted(connection, principal, "evaluation.start", what)
            return _asked(asked.one(connection, number), number)

    def newest_asked(self, by: Principal) -> AskedEvaluation | None:
        """The last one that was asked for; None: none ever was. Raises as :meth:`listed`."""
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return asked.newest(connection)

    def asked_for(self, number: int) -> AskedEvaluation:
        """One that was asked for.

        Raises:
            NotFoundError: there is none.
        """
        with self._catalog.reading() as connection:
            return _asked(asked.one(connection, number), number)

    def stop(self, principal: Principal, number: int) -> None:
        """One that goes on is not wanted any more; raises as :meth:`one`."""
        access.must_manage(principal)
        with self._catalog.writing() as connection:
            _asked(asked.one(connection, number), number)
            asked.stop(connection, number)
            noted(connection, principal, "evaluation.stop", str(number))

    def claimed(self) -> AskedEvaluation | None:
        """The one that whoever calls is to run now; None: there is none."""
        with self._catalog.reading() as connection:
            before = asked.newest(connection)
        if before is None or not before.is_open:
            return None
        with self._catalog.writing() as connection:
            return asked.claim(connection)

    def progress(self, number: int, done: int, total: int) -> bool:
        """Say how far one is; whether it is to go on."""
        with self._catalog.writing() as connection:
            return asked.progress(connection, number, done, total)

    def ended(self, number: int, state: str, error: dict[str, Any] | None = None) -> None:
        """One is done, stopped, or failed."""
        with self._catalog.writing() as connection:
            asked.end(connection, number, state, error)

    def forget(self, principal: Principal, number: int) -> None:
        """Forget one; raises as :meth:`one`."""
        access.must_manage(principal)
        with self._catalog.writing() as connection:
            noted(connection, principal, "evaluation.forget", str(number))
            if not evaluations.remove(connection, number):
                raise _missing(number)


def _asked(found: AskedEvaluation | None, number: int) -> AskedEvaluation:
    if found is None:
        raise _missing(number)
    return found


def _missing(number: int) -> NotFoundError:
    return NotFoundError("There is no such evaluation.", detail={"evaluation": number})
