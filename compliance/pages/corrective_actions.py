"""Corrective actions: the firm's list and board, and the page of one action."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from checklists import InvalidValue
from checklists.engine.values import parse_date
from compliance import clock, permissions
from compliance.errors import InvalidInput, SomebodySavedFirst
from compliance.exports.actions import actions_poam, actions_xlsx
from compliance.models import Assessment, CorrectiveAction, Evidence, Membership, User
from compliance.pages.firms import membership_or_404, signed_in
from compliance.pages.forms import DayInput, PageForm, posted
from compliance.pages.undo import say_undoable
from compliance.selectors.corrective_actions import (
    URGENCIES,
    ActionFilters,
    ActionPage,
    NewActionPage,
    View,
    action_page,
    actions_page,
    found_actions,
    new_action_page,
    title_of,
)
from compliance.selectors.evaluation import catalogue_of
from compliance.selectors.trail import trail_entry
from compliance.services import corrective_actions as services
from compliance.services.corrective_actions import Step
from compliance.templatetags.tianheng import language

SPARE_STEPS = 2  # empty lines for further milestones; saving gives new ones


@require_safe
@login_required
def firm_actions(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """The firm's actions as a list by urgency or as a board, with filters in the address."""
    member = membership_or_404(request, firm_id)
    filters = ActionFilters.read(request.GET)
    page = actions_page(member, filters, language())
    context = {
        "firm": member.firm,
        "member": member,
        "page": page,
        "filters": filters,
        "severities": CorrectiveAction.Severity.choices,
        "urgencies": [(str(key), word) for key, word in URGENCIES.items()],
        "list_address": _address(filters, view=""),
        "board_address": _address(filters, view=View.BOARD),
        "all_address": _address(filters, verified="all"),
        "export_address": f"{reverse('firm_actions_export', args=[firm_id])}{_address(filters)}",
        "is_officer": permissions.may(member, "verify_action"),
        "may_add": permissions.may(member, "add_action"),
    }
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "_results.html" if is_partial else "actions.html"
    return render(request, f"compliance/actions/{template}", context)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@login_required
def firm_actions_export(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """What the filters find, as a spreadsheet or as OSCAL's plan of action and milestones."""
    member = membership_or_404(request, firm_id)
    found = found_actions(member, ActionFilters.read(request.GET), language())
    today = clock.today().isoformat()
    if request.GET.get("as") == "oscal":
        plan = actions_poam(member.firm, found, lang=language(), at=clock.now())
        content = json.dumps(plan, ensure_ascii=False, indent=2).encode()
        name, media_type = f"poam-{today}.json", "application/json"
    else:
        content = actions_xlsx(found, language())
        name, media_type = f"actions-{today}.xlsx", XLSX
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _address(filters: ActionFilters, **other: str) -> str:
    query = QueryDict(mutable=True)
    query.update(filters.as_query(**other))
    return f"?{query.urlencode()}"


@login_required
def add_action(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """An action that the firm takes on by itself, before any officer raises a finding."""
    member = membership_or_404(request, firm_id)
    permissions.require(member, "add_action")
    sent = request.POST if request.method == "POST" else request.GET
    wanted = sent.get("requirement", "")
    page = new_action_page(member.firm, sent.get("assessment", ""), wanted, language())
    form = NewActionForm(
        page,
        posted(request),
        initial={
            "requirement": wanted,
            "owner": str(request.user.pk),
            "currency": CorrectiveAction.Currency.CNY,
        },
    )
    rows = read_steps(request.POST)
    if request.method == "POST" and page.chosen and form.is_valid():
        try:
            action = _add(page, page.chosen, form, rows, member)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("The action is on the list."))
            return redirect("corrective_action", action.pk)
    context = {
        "firm": member.firm,
        "member": member,
        "page": page,
        "form": form,
        "rows": [*rows, *([StepRow()] * SPARE_STEPS)],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "compliance/actions/add.html", context, status=status)


def _add(
    page: NewActionPage,
    assessment: Assessment,
    form: NewActionForm,
    rows: list[StepRow],
    member: Membership,
) -> CorrectiveAction:
    values = form.cleaned_data
    return services.add_action(
        assessment=assessment,
        requirement_id=values["requirement"],
        title=values["title"],
        plan=values["plan"],
        owner=next((user for user in page.workers if str(user.pk) == values["owner"]), None),
        due_on=values["due_on"],
        cost=values["cost"].replace(",", "").strip(),
        currency=values["currency"],
        milestones=_parsed_steps(rows),
        by=member,
    )


def action_or_404(request: HttpRequest, action_id: UUID) -> tuple[CorrectiveAction, Membership]:
    """An action of one of the person's firms, and the person's role there."""
    visible = CorrectiveAction.objects.visible_to(signed_in(request)).select_related(
        "finding__submission__assessment", "finding__raised_by", "verified_by"
    )
    visible = visible.defer("finding__submission__content")
    action: CorrectiveAction = get_object_or_404(visible, pk=action_id)
    return action, action.membership_of(signed_in(request))


class PlanForm(PageForm):
    """The firm's plan. The milestones are rows of their own, read by `read_steps`."""

    title = forms.CharField(label=gettext_lazy("What will be done"), max_length=200, required=False)
    plan = forms.CharField(
        label=gettext_lazy("How it will be done"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    due_on = forms.DateField(label=gettext_lazy("Due on"), widget=DayInput)
    cost = forms.CharField(
        label=gettext_lazy("Cost, if known"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=CorrectiveAction.Currency.choices
    )
    base_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(
        self, workers: Sequence[User], owner: User | None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = {str(user.pk): str(user) for user in workers}
        if owner is not None:
            people.setdefault(str(owner.pk), str(owner))
        _choices(self, "owner", [("", _("Nobody yet")), *people.items()])

    @classmethod
    def of(cls, page: ActionPage) -> PlanForm:
        """The plan as it is stored."""
        action = page.action
        return cls(
            page.workers,
            action.owner,
            initial={
                "title": action.title,
                "plan": action.plan,
                "owner": str(action.owner_id or ""),
                "due_on": action.due_on,
                "cost": "" if action.cost is None else format(action.cost, "f"),
                "currency": action.currency,
                "base_version": action.version,
            },
        )


def _choices(form: forms.Form, name: str, choices: Iterable[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class NewActionForm(PlanForm):
    """The plan of an action without a finding: what will be done has to be said."""

    requirement = forms.ChoiceField(label=gettext_lazy("For which requirement"))
    field_order = ("requirement",)

    def __init__(self, page: NewActionPage, *args: Any, **kwargs: Any) -> None:
        super().__init__(page.workers, None, *args, **kwargs)
        self.fields["title"].required = True
        del self.fields["base_version"]  # nobody else can have saved it
        groups = [(title, [(gap.id, gap.title) for gap in gaps]) for title, gaps in page.measures]
        _choices(self, "requirement", [("", _("Choose a requirement")), *groups])


@dataclass(frozen=True)
class StepRow:
    """A line of the table of milestones, as typed."""

    title: str = ""
    due_on: str = ""
    done_on: str = ""


def read_steps(sent: QueryDict) -> list[StepRow]:
    """The typed lines of the table of milestones; an empty one is no milestone."""
    columns = [sent.getlist(f"step_{name}") for name in ("title", "due_on", "done_on")]
    rows = [StepRow(*(text.strip() for text in row)) for row in zip(*columns, strict=False)]
    return [row for row in rows if row != StepRow()]


def _parsed_steps(rows: list[StepRow]) -> list[Step]:
    return [Step(row.title, _day(row.due_on), _day(row.done_on)) for row in rows]


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_date(text)
    except InvalidValue as error:
        raise InvalidInput({"milestones": error.message.get(language())}) from None


@login_required
def corrective_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """One action: its finding, the firm's plan, what shows that it is done, who says so."""
    action, member = action_or_404(request, action_id)
    if request.method != "POST":
        return _render(request, action, member)
    permissions.require(member, "update_action")
    page = action_page(action, member)
    form = PlanForm(page.workers, action.owner, request.POST)
    rows = read_steps(request.POST)
    status = 422
    if form.is_valid():
        try:
            _save_plan(action, member, page, form, rows)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        except SomebodySavedFirst as refusal:
            status = 412
            # What was typed stays; sent again, it replaces theirs knowingly.
            form.data = {**form.data.dict(), "base_version": str(refusal.theirs.version)}  # type: ignore[attr-defined]
            form.add_error(
                None,
                _(
                    "Somebody else changed this action while you were typing. Their plan stands "
                    "above the form; save again to put yours in its place."
                ),
            )
        else:
            messages.success(request, _("Saved."))
            return redirect("corrective_action", action.pk)
    action, member = action_or_404(request, action_id)
    return _render(request, action, member, form=form, rows=rows, status=status)


def _save_plan(
    action: CorrectiveAction,
    member: Membership,
    page: ActionPage,
    form: PlanForm,
    rows: list[StepRow],
) -> None:
    values = form.cleaned_data
    people = {str(user.pk): user for user in page.workers}
    owner = people.get(values["owner"])
    if owner is None and values["owner"]:
        owner = action.owner  # unchanged, though no worker of the firm any more
    changes: dict[str, Any] = (
        {} if values["owner"] == str(action.owner_id or "") else {"owner": owner}
    )
    services.update_action(
        action=action,
        title=values["title"],
        plan=values["plan"],
        due_on=values["due_on"],
        cost=values["cost"].replace(",", "").strip(),
        currency=values["currency"],
        milestones=_parsed_steps(rows),
        base_version=values["base_version"],
        by=member,
        **changes,
    )


def _render(
    request: HttpRequest,
    action: CorrectiveAction,
    member: Membership,
    *,
    form: PlanForm | None = None,
    rows: list[StepRow] | None = None,
    errors: dict[str, Any] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = action_page(action, member)
    if rows is None:
        rows = [
            StepRow(
                step.title,
                step.due_on.isoformat() if step.due_on else "",
                step.done_on.isoformat() if step.done_on else "",
            )
            for step in page.milestones
        ]
    context = {
        "firm": action.firm,
        "member": member,
        "action": action,
        "title": title_of(action, language()),
        "page": page,
        "form": form or (PlanForm.of(page) if page.may_update else None),
        "rows": [*rows, *([StepRow()] * SPARE_STEPS)],
        "moves": page.line.moves,
        "errors": errors or {},
        "typed": typed or {},
        "entries": [
            trail_entry(event, catalogue_of(action.assessment), language()) for event in page.events
        ],
        "is_conflict": status == SomebodySavedFirst.status,
    }
    return render(request, "compliance/actions/action.html", context, status=status)


# --- moves ----------------------------------------------------------------------------------------

Move = Callable[[CorrectiveAction, Membership, QueryDict], None]


def _start(action: CorrectiveAction, by: Membership, sent: QueryDict) -> None:
    services.start(action=action, by=by)


def _finish(action: CorrectiveAction, by: Membership, sent: QueryDict) -> None:
    services.finish(action=action, note=sent.get("note", ""), by=by)


def _verify(action: CorrectiveAction, by: Membership, sent: QueryDict) -> None:
    services.verify(action=action, comment=sent.get("comment", ""), by=by)


def _reopen(action: CorrectiveAction, by: Membership, sent: QueryDict) -> None:
    services.reopen(
        action=action, comment=sent.get("comment", ""), due_on=_day_of(sent, "due_on"), by=by
    )


def _extend(action: CorrectiveAction, by: Membership, sent: QueryDict) -> None:
    due_on = _day_of(sent, "due_on")
    if due_on is None:
        raise InvalidInput({"due_on": _("Choose the day by which it is to be closed.")})
    services.extend(action=action, due_on=due_on, by=by)


def _day_of(sent: QueryDict, name: str) -> date | None:
    text = sent.get(name, "").strip()
    try:
        return parse_date(text) if text else None
    except InvalidValue as error:
        raise InvalidInput({name: error.message.get(language())}) from None


MOVES: dict[str, tuple[Move, str | Promise]] = {
    "start_action": (_start, gettext_lazy("The action is in progress.")),
    "finish_action": (_finish, gettext_lazy("Reported as done. The officer verifies it.")),
    "verify_action": (_verify, gettext_lazy("Verified.")),
    "reopen_action": (_reopen, gettext_lazy("Reopened: the firm reads your comment.")),
    "extend_action": (_extend, gettext_lazy("The new deadline stands.")),
}


@require_POST
@login_required
def move_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Start, finish, verify, reopen, or set another deadline: as the workflow's table allows."""
    action, member = action_or_404(request, action_id)
    chosen = request.POST.get("move", "")
    if chosen not in MOVES:
        raise InvalidInput({"move": _("Choose what to do with the action.")})
    do, said = MOVES[chosen]
    try:
        do(action, member, request.POST)
    except InvalidInput as refusal:
        typed = {name: request.POST.get(name, "") for name in ("note", "comment", "due_on")}
        return _render(
            request,
            action,
            member,
            errors={f"{chosen}_{name}": words for name, words in refusal.fields.items()},
            typed={f"{chosen}_{name}": words for name, words in typed.items()},
            status=422,
        )
    messages.success(request, str(said))
    if request.POST.get("back") == View.BOARD:
        query = urlencode({"view": View.BOARD})
        return redirect(f"{reverse('firm_actions', args=[action.firm_id])}?{query}")
    return redirect("corrective_action", action.pk)


# --- closing evidence -----------------------------------------------------------------------------


@require_POST
@login_required
def add_closing_evidence(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """A new file or link, or a piece of the firm's library, that shows the gap is closed."""
    action, member = action_or_404(request, action_id)
    permissions.require(member, "update_action")
    try:
        if "take" in request.POST:
            services.attach_piece(action=action, evidence=_chosen(request, action), by=member)
        else:
            services.attach_file(
                action=action,
                title=request.POST.get("title", ""),
                upload=request.FILES.get("file"),
                url=request.POST.get("url", ""),
                by=member,
            )
    except InvalidInput as refusal:
        typed = {name: request.POST.get(name, "") for name in ("title", "url")}
        return _render(
            request, action, member, errors=dict(refusal.fields), typed=typed, status=422
        )
    messages.success(request, _("Attached."))
    return redirect(f"{reverse('corrective_action', args=[action.pk])}#evidence")


def _chosen(request: HttpRequest, action: CorrectiveAction) -> Evidence:
    try:
        chosen = UUID(request.POST.get("evidence", ""))
    except ValueError:
        raise InvalidInput({"evidence": _("Choose a piece of evidence.")}) from None
    evidence = Evidence.objects.filter(pk=chosen, firm_id=action.firm_id).first()
    if evidence is None:
        raise InvalidInput({"evidence": _("This piece is not there any more. Choose another.")})
    return evidence


@require_POST
@login_required
def remove_closing_evidence(
    request: HttpRequest, action_id: UUID, evidence_id: UUID
) -> HttpResponse:
    """Take a piece away from the action; the firm keeps it."""
    action, member = action_or_404(request, action_id)
    evidence = get_object_or_404(Evidence, pk=evidence_id, firm_id=action.firm_id)
    services.detach_piece(action=action, evidence=evidence, by=member)
    say_undoable(
        request,
        _("“%(title)s” is taken away here; the firm keeps it.") % {"title": evidence.title},
        reverse("corrective_action_evidence", args=[action.pk]),
        take="1",
        evidence=str(evidence.pk),
    )
    return redirect(f"{reverse('corrective_action', args=[action.pk])}#evidence")


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/actions/", firm_actions, name="firm_actions"),
    path("firms/<uuid:firm_id>/actions/add/", add_action, name="firm_actions_add"),
    path("firms/<uuid:firm_id>/actions/export/", firm_actions_export, name="firm_actions_export"),
    path("actions/<uuid:action_id>/", corrective_action, name="corrective_action"),
    path("actions/<uuid:action_id>/move/", move_action, name="corrective_action_move"),
    path(
        "actions/<uuid:action_id>/evidence/",
        add_closing_evidence,
        name="corrective_action_evidence",
    ),
    path(
        "actions/<uuid:action_id>/evidence/<uuid:evidence_id>/remove/",
        remove_closing_evidence,
        name="corrective_action_evidence_remove",
    ),
]
