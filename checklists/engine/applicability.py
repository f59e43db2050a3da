"""Facts → does a requirement apply, why, and what has to be answered first."""

from checklists.engine import wording
from checklists.engine.conditions import ALWAYS, Answering, ConditionProgram, State
from checklists.engine.model import Applicability, Catalogue, Condition, Reason

Verdict = tuple[Applicability, Reason, tuple[str, ...]]

_ALWAYS: Verdict = (Applicability.APPLIES, Reason(wording.applies_to_all), ())


class ApplicabilityProgram:
    """The condition of one requirement, made ready for many evaluations."""

    __slots__ = ("_answer", "_catalogue", "_condition", "_is_always", "_program")

    def __init__(
        self, catalogue: Catalogue, condition: Condition, program: ConditionProgram
    ) -> None:
        self._catalogue = catalogue
        self._condition = condition
        self._program = program
        self._is_always = condition == ALWAYS
        self._answer: Answering = program.compile(condition)

    def verdict(self, state: State) -> Verdict:
        """Applicability, the reason, and the facts that are missing for it."""
        if self._is_always:
            return _ALWAYS
        truth = self._answer(state)
        if truth is None:
            missing = self._program.names(self._program.wanted(self._condition, state))
            reason = Reason(wording.applicability_open, self._catalogue, missing)
            return Applicability.UNDETERMINED, reason, missing
        if truth:
            reason = Reason(wording.applies, self._catalogue, self._condition, state)
            return Applicability.APPLIES, reason, ()
        reason = Reason(wording.does_not_apply, self._catalogue, self._condition, state)
        return Applicability.DOES_NOT_APPLY, reason, ()
