"""What a user can cause. Each error carries a sentence fit to show, and the status it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Sentence = str | Promise


class ComplianceError(Exception):
    """A refusal. `message` says what is wrong and what to do; `fields` says it per field."""

    code = "refused"
    status = 400
    title: Sentence = gettext_lazy("This cannot be done")

    def __init__(self, message: Sentence, fields: Mapping[str, Sentence] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields: dict[str, Sentence] = dict(fields or {})


class InvalidInput(ComplianceError):
    """Values that cannot be taken; `fields` names each."""

    code = "invalid"
    status = 422
    title = gettext_lazy("Some values need a correction")

    def __init__(self, fields: Mapping[str, Sentence], message: Sentence | None = None) -> None:
        first = next(iter(fields.values()), "")
        super().__init__(message or first, fields)


class NotPermitted(ComplianceError):
    code = "not_permitted"
    status = 403
    title = gettext_lazy("Your role does not allow this")


class TransitionNotAllowed(ComplianceError):
    code = "wrong_status"
    status = 409
    title = gettext_lazy("The status does not allow this")


class RulesChanged(TransitionNotAllowed):
    """A move to an edition that is not the previewed one, or that cannot be undone any more."""

    code = "rules_changed"


class AnswerLocked(TransitionNotAllowed):
    code = "locked"


class SomebodySavedFirst(ComplianceError):
    """Someone else saved a newer version; nothing of either is lost."""

    code = "changed_meanwhile"
    status = 412
    title = gettext_lazy("Somebody else saved first")

    def __init__(self, *, theirs: Any, base: Any = None) -> None:
        super().__init__(
            _("Somebody else saved this while you were typing. Choose which text to keep.")
        )
        self.theirs = theirs
        self.base = base


class AssessmentNotReady(ComplianceError):
    """The problems that stop a submission, all at once."""

    code = "not_ready"
    status = 422
    title = gettext_lazy("The assessment cannot be submitted yet")

    def __init__(self, problems: Sequence[Any]) -> None:
        super().__init__(
            _("%(count)d problems stop the submission. Each names the place where it is cured.")
            % {"count": len(problems)}
        )
        self.problems = tuple(problems)


class KeyUsedForOther(ComplianceError):
    code = "idempotency_key_reused"
    status = 422
    title = gettext_lazy("This key was used for another request")


class InvitationGone(ComplianceError):
    """The link of an invitation that was used, taken back, replaced or left too long."""

    code = "invitation_gone"
    status = 410
    title = gettext_lazy("This invitation holds no longer")


class RulesMissing(ComplianceError):
    """The framework an assessment is judged by cannot be read at this moment."""

    code = "rules_missing"
    status = 503
    title = gettext_lazy("The rules of this assessment cannot be read")


class StorageFull(ComplianceError):
    code = "storage_full"
    status = 507
    title = gettext_lazy("The file could not be stored")


class StateUnknown(ComplianceError):
    """A change that does not say which state it was made from."""

    code = "if_match_missing"
    status = 428
    title = gettext_lazy("Say which state you change")


class WrongCredentials(ComplianceError):
    code = "wrong_credentials"
    status = 401
    title = gettext_lazy("You are not signed in")


class TooManyAttempts(ComplianceError):
    """Somebody tries too often; `wait_s` says when to try again."""

    code = "too_many_attempts"
    status = 429
    title = gettext_lazy("Too many attempts")

    def __init__(self, message: Sentence, *, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s
