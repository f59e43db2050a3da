"""The officer's desk and the review; and what the firm reads of its submission."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from checklists import load_catalogue
from checklists.engine.model import Band
from compliance import clock, permissions, workflow
from compliance.errors import InvalidInput, SomebodySavedFirst
from compliance.models import CorrectiveAction, Finding, Membership, Question, Role, Submission
from compliance.models.review import DETERMINABLE
from compliance.pages.answers import requirement_response
from compliance.pages.context import shell_of
from compliance.pages.firms import signed_in
from compliance.pages.forms import DayInput, PageForm, posted
from compliance.selectors.corrective_actions import actions_of
from compliance.selectors.desk import SORTS, DeskFilters, desk_of
from compliance.selectors.evaluation import catalogue_of
from compliance.selectors.review import (
    FILTERS,
    ReviewPage,
    colleagues_here,
    questions_of,
    review_page,
    submission_page,
)
from compliance.selectors.trail import TrailEntry, history_of
from compliance.services.presence import note_presence
from compliance.services.questions import answer_question, ask_question
from compliance.services.queue import assign_review
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    is_under_review,
    raise_finding,
    record_determination,
    return_to_firm,
    row_of,
    withdraw_submission,
    withdrawal_of,
)
from compliance.templatetags.tianheng import BANDS, OUTCOMES, language

DAYS_TO_CLOSE = 30


@require_safe
@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """The queue of all firms in which the person is a compliance officer."""
    filters = DeskFilters.read(request.GET)
    page = desk_of(
        signed_in(request),
        shell_of(request).memberships,
        load_catalogue(),
        filters,
        page=request.GET.get("page"),
        firms_page=request.GET.get("firms"),
    )
    query = urlencode(filters.as_query())
    context = {
        "desk": page,
        "filters": filters,
        "bands": [(str(band), BANDS[band].word) for band in Band],
        "sorts": [(name, words) for name, (words, _order) in SORTS.items()],
        "address": f"?{query}&" if query else "?",
    }
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "_queue.html" if is_partial else "desk.html"
    return render(request, f"compliance/review/{template}", context)


@require_POST
@login_required
def submission_assign(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Take a waiting submission, hand it to a colleague, or put it back for anybody."""
    submission, member = submission_or_404(request, submission_id, "assign_review")
    raw = request.POST.get("to", "")
    to = None
    if raw:
        firm = submission.assessment.firm
        officers = {
            str(each.user_id): each.user
            for each in firm.memberships.filter(role=Role.OFFICER).select_related("user")
        }
        to = officers.get(raw)
        if to is None:
            raise InvalidInput({"to": _("Choose a compliance officer of this firm.")})
    assign_review(submission=submission, to=to, by=member)
    said = _("%(who)s takes it.") % {"who": to} if to else _("It waits for anybody again.")
    messages.success(request, said)
    return redirect("desk")


def submission_or_404(
    request: HttpRequest, submission_id: UUID, action: str = "read"
) -> tuple[Submission, Membership]:
    """A submission of one of the person's firms, and the role that must allow the action."""
    visible = Submission.objects.visible_to(signed_in(request)).select_related(
        "assessment__firm", "attestation", "decided_by"
    )
    submission: Submission = get_object_or_404(visible, pk=submission_id)
    member = submission.membership_of(signed_in(request))
    permissions.require(member, action)
    return submission, member


class DeterminationForm(PageForm):
    outcome = forms.ChoiceField(
        choices=[(str(outcome), OUTCOMES[outcome].word) for outcome in DETERMINABLE],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose an outcome.")},
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment to the firm"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    opens_again = forms.BooleanField(
        label=gettext_lazy("Open this answer again when I return it"), required=False
    )
    base_version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    finding = forms.BooleanField(
        label=gettext_lazy("Raise a finding: the firm has to close it by a date"), required=False
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("How serious"), choices=Finding.Severity.choices, required=False
    )
    missing = forms.CharField(
        label=gettext_lazy("What is missing"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    due_on = forms.DateField(label=gettext_lazy("To be closed by"), required=False, widget=DayInput)

    def clean(self) -> dict[str, Any]:
        """A finding needs its words and its date; without one they are left alone."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("finding"):
            if not cleaned.get("missing"):
                self.add_error("missing", _("Say what is missing."))
            if not cleaned.get("due_on") and "due_on" not in self.errors:
                self.add_error("due_on", _("Choose the day by which it is to be closed."))
        return cleaned


@require_safe
@login_required
def review(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The review, at the first answer that is not determined yet."""
    submission, member = submission_or_404(request, submission_id, "review")
    return _render_review(request, submission, member, "", None)


@login_required
def review_requirement(
    request: HttpRequest, submission_id: UUID, requirement_id: str
) -> HttpResponse:
    """One answer beside the officer's determination."""
    submission, member = submission_or_404(request, submission_id, "review")
    if request.method != "POST":
        return _render_review(request, submission, member, requirement_id, None)
    sent = request.POST.copy()
    form = DeterminationForm(sent)
    status = 422
    if form.is_valid():
        try:
            _determine(submission, requirement_id, form.cleaned_data, member)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        except SomebodySavedFirst as refusal:
            # Theirs is shown beside the form; sent again, the form replaces it knowingly.
            sent["base_version"] = str(refusal.theirs.version)
            form.add_error(
                None,
                _(
                    "Another officer determined this while you were reading. Theirs stands above; "
                    "save again to put yours in its place."
                ),
            )
            status = 412
        else:
            return _to_next(request, submission, requirement_id)
    return _render_review(request, submission, member, requirement_id, form, status=status)


def _determine(
    submission: Submission, requirement_id: str, values: dict[str, Any], by: Membership
) -> None:
    """Outcome and finding together, or neither."""
    with transaction.atomic():
        record_determination(
            submission=submission,
            requirement_id=requirement_id,
            outcome=values["outcome"],
            comment=values["comment"],
            opens_again=values["opens_again"],
            base_version=values["base_version"],
            by=by,
        )
        if values["finding"]:
            raise_finding(
                submission=submission,
                requirement_id=requirement_id,
                severity=values["severity"],
                missing=values["missing"],
                due_on=values["due_on"],
                by=by,
            )


def _to_next(request: HttpRequest, submission: Submission, requirement_id: str) -> HttpResponse:
    show = request.GET.get("show", "")
    page = review_page(submission, requirement=requirement_id, show=show)
    messages.success(request, _("Saved."))
    if page is None or page.next_open is None:
        messages.info(request, _("Every answer is determined. Return or accept the submission."))
        return redirect("review_requirement", submission.pk, requirement_id)
    address = reverse("review_requirement", args=[submission.pk, page.next_open])
    return redirect(f"{address}?show={page.show}")


def _render_review(
    request: HttpRequest,
    submission: Submission,
    member: Membership,
    requirement_id: str,
    form: DeterminationForm | None,
    *,
    question: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = review_page(
        submission,
        requirement=requirement_id,
        show=request.GET.get("show", ""),
    )
    if page is None:
        raise Http404
    may_write = is_under_review(submission)
    current = page.current
    if current and may_write:
        # Colleagues see it at once, not only after the page asks again.
        name = current.row.requirement
        note_presence(assessment=submission.assessment, requirement_id=name, by=member)
    context = {
        "submission": submission,
        "firm": submission.assessment.firm,
        "page": page,
        "colleagues": (
            colleagues_here(submission, signed_in(request), current.row.requirement)
            if current and may_write
            else ()
        ),
        "entries": _history(submission, page),
        "question": question or {},
        "filters": [
            (name, words)
            for name, words in FILTERS.items()
            if name != "changed" or page.changed_total
        ],
        "form": form or (_form_of(page) if may_write else None),
        "may_write": may_write,
    }
    return render(request, "compliance/review/review.html", context, status=status)


def _history(submission: Submission, page: ReviewPage) -> tuple[TrailEntry, ...]:
    """What the firm did with the current requirement, and when."""
    if page.current is None:
        return ()
    catalogue = catalogue_of(submission.assessment)
    name = page.current.row.requirement
    return history_of(submission.assessment, catalogue, name, language()).entries


def _form_of(page: ReviewPage) -> DeterminationForm | None:
    current = page.current
    if current is None:
        return None
    stored = current.determination
    claimed = str(current.row.claimed) if current.claim_can_be_confirmed else None
    return DeterminationForm(
        initial={
            "outcome": stored.outcome if stored else claimed,
            "comment": stored.comment if stored else "",
            "opens_again": stored.opens_again if stored else False,
            "base_version": stored.version if stored else 0,
            "severity": "major",
            "due_on": clock.today() + timedelta(days=DAYS_TO_CLOSE),
        }
    )


@require_POST
@login_required
def review_presence(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Note that this officer is here, and tell who else is; asked for every 20 seconds."""
    submission, member = submission_or_404(request, submission_id, "review")
    name = request.POST.get("requirement", "")
    row = row_of(submission, name)
    note_presence(assessment=submission.assessment, requirement_id=name, by=member)
    stored = submission.determinations.filter(requirement=name).select_related("by").first()
    seen = request.POST.get("version", "")
    context = {
        "submission": submission,
        "requirement": row["requirement"],
        "version": seen,
        "colleagues": colleagues_here(submission, signed_in(request), name),
        "newer": stored if stored and str(stored.version) != seen else None,
    }
    return render(request, "compliance/review/_presence.html", context)


@require_POST
@login_required
def review_question(request: HttpRequest, submission_id: UUID, requirement_id: str) -> HttpResponse:
    """Ask the firm about one answer."""
    submission, member = submission_or_404(request, submission_id, "ask_question")
    text = request.POST.get("text", "")
    try:
        ask_question(submission=submission, requirement_id=requirement_id, text=text, by=member)
    except InvalidInput as refusal:
        if "text" not in refusal.fields:
            raise Http404 from None
        question = {"text": text, "error": refusal.fields["text"]}
        return _render_review(
            request, submission, member, requirement_id, None, question=question, status=422
        )
    messages.success(request, _("Asked. The firm answers on the page of the submission."))
    address = reverse("review_requirement", args=[submission.pk, requirement_id])
    return redirect(f"{address}?show={request.GET.get('show', '')}#questions")


@require_POST
@login_required
def question_answer(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The firm's answer to a question of the officer, given where it is read."""
    mine = Question.objects.filter(
        submission__assessment__firm__memberships__user=signed_in(request)
    )
    question = get_object_or_404(mine, pk=question_id)
    submission, member = submission_or_404(request, question.submission_id, "answer_question")
    question.submission = submission
    answer = request.POST.get("answer", "")
    is_beside_answer = request.POST.get("back") == "requirement"
    try:
        answer_question(question=question, answer=answer, by=member)
    except InvalidInput as refusal:
        typed = {"id": question.pk, "answer": answer, "error": refusal.fields["answer"]}
        if is_beside_answer:
            return requirement_response(
                request, submission.assessment, question.requirement, reply=typed, status=422
            )
        return _render_submission(request, submission, member, typed=typed, status=422)
    messages.success(request, _("Your answer is with the officer."))
    if is_beside_answer:
        beside = reverse("requirement", args=[submission.assessment_id, question.requirement])
        return redirect(f"{beside}#q-{question.pk}")
    return redirect(f"{reverse('submission', args=[submission.pk])}#questions")


@require_POST
@login_required
def submission_withdraw(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The firm takes a submission back before an officer began with it."""
    submission, member = submission_or_404(request, submission_id, "withdraw")
    reason = request.POST.get("reason", "")
    try:
        withdraw_submission(submission=submission, reason=reason, by=member)
    except InvalidInput as refusal:
        typed = {"reason": reason, "reason_error": refusal.fields["reason"]}
        return _render_submission(request, submission, member, typed=typed, status=422)
    messages.success(request, _("Withdrawn. You can change the answers and submit again."))
    return redirect("assessment_tasks", submission.assessment_id)


@require_POST
@login_required
def review_confirm(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Confirm what is plainly in order and not determined yet, of one measure or of all."""
    submission, member = submission_or_404(request, submission_id, "review")
    raw = request.POST.get("measure", "")
    measures = {
        str(measure["number"]): measure["number"] for measure in submission.content["measures"]
    }
    if raw not in {*measures, "all"}:
        raise InvalidInput({"measure": _("Choose a measure of this submission.")})
    count = confirm_remaining(submission=submission, measure=measures.get(raw), by=member)
    messages.success(
        request,
        ngettext(
            "%(count)d answer that is plainly in order is confirmed.",
            "%(count)d answers that are plainly in order are confirmed.",
            count,
        )
        % {"count": count},
    )
    return redirect("review", submission.pk)


class ReturnForm(PageForm):
    comment = forms.CharField(
        label=gettext_lazy("What the firm has to do"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("The firm reads this above its answers."),
    )
    reopen_facts = forms.BooleanField(
        label=gettext_lazy("The facts may change as well"),
        required=False,
    )


@login_required
def review_return(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Hand the submission back, after a look at what that opens again."""
    submission, member = submission_or_404(request, submission_id, "return")
    form = ReturnForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            return_to_firm(submission=submission, by=member, **form.cleaned_data)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("Returned to the firm."))
            return redirect("desk")
    return _render_decision(request, submission, form, "compliance/review/return.html")


class AcceptForm(PageForm):
    statement = forms.CharField(
        label=gettext_lazy("Statement"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("It stands in the report, above your name and the date."),
    )
    signed = forms.BooleanField(
        label=gettext_lazy("I reviewed this submission and accept it in my name"),
        error_messages={"required": gettext_lazy("Tick this to sign.")},
    )


@login_required
def review_accept(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Accept the submission with a signed statement, after a look at what stays open."""
    submission, member = submission_or_404(request, submission_id, "accept")
    form = AcceptForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            accept_assessment(
                submission=submission, statement=form.cleaned_data["statement"], by=member
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("Accepted."))
            return redirect("submission", submission.pk)
    return _render_decision(request, submission, form, "compliance/review/accept.html")


def _render_decision(
    request: HttpRequest, submission: Submission, form: PageForm, template: str
) -> HttpResponse:
    page = submission_page(submission)
    earlier = CorrectiveAction.objects.filter(assessment=submission.assessment).not_verified()
    context = {
        "submission": submission,
        "firm": submission.assessment.firm,
        "page": page,
        "findings": [(each, None) for each in page.state.findings],
        "conditions": len(page.state.findings) + earlier.count(),
        "form": form,
        "may_write": is_under_review(submission),
    }
    return render(request, template, context, status=422 if form.errors else 200)


@require_safe
@login_required
def submission(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The frozen answers with determinations and findings, as the firm reads them."""
    found, member = submission_or_404(request, submission_id)
    return _render_submission(request, found, member)


def _render_submission(
    request: HttpRequest,
    submission: Submission,
    member: Membership,
    *,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    waits = is_under_review(submission)
    page = submission_page(submission)
    actions = actions_of(submission, member)
    context = {
        "submission": submission,
        "firm": submission.assessment.firm,
        "member": member,
        "page": page,
        "questions": questions_of(submission),
        "findings": [(each, actions.get(each.number)) for each in page.state.findings],
        "typed": typed or {},
        "may_review": permissions.may(member, "review"),
        "may_answer": permissions.may(member, "answer") and submission.assessment.is_editable,
        "may_reply": permissions.may(member, "answer_question") and waits,
        "may_withdraw": waits
        and withdrawal_of(submission)
        in workflow.open_actions(submission.assessment, Role(member.role)),
    }
    return render(request, "compliance/review/submission.html", context, status=status)


urlpatterns: list[URLPattern] = [
    path("desk/", desk, name="desk"),
    path("submissions/<uuid:submission_id>/", submission, name="submission"),
    path("submissions/<uuid:submission_id>/review/", review, name="review"),
    path(
        "submissions/<uuid:submission_id>/withdraw/",
        submission_withdraw,
        name="submission_withdraw",
    ),
    path("submissions/<uuid:submission_id>/assign/", submission_assign, name="submission_assign"),
    path("questions/<uuid:question_id>/", question_answer, name="question_answer"),
    path("submissions/<uuid:submission_id>/review/confirm/", review_confirm, name="review_confirm"),
    path(
        "submissions/<uuid:submission_id>/review/presence/", review_presence, name="review_presence"
    ),
    path(
        "submissions/<uuid:submission_id>/review/<str:requirement_id>/question/",
        review_question,
        name="review_question",
    ),
    path(
        "submissions/<uuid:submission_id>/review/<str:requirement_id>/",
        review_requirement,
        name="review_requirement",
    ),
    path("submissions/<uuid:submission_id>/return/", review_return, name="review_return"),
    path("submissions/<uuid:submission_id>/accept/", review_accept, name="review_accept"),
]
