"""The operator's admin: firms, people and roles can be changed; all else is only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance.models import (
    Assessment,
    AuditEvent,
    CorrectiveAction,
    Determination,
    EmailOutbox,
    Evidence,
    Finding,
    Firm,
    Membership,
    Report,
    Submission,
    User,
)

if TYPE_CHECKING:  # generic in the stubs alone
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    CreationForm = AdminUserCreationForm[User]
    BaseUserAdmin = UserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    CreationForm = AdminUserCreationForm
    BaseUserAdmin = UserAdmin

admin.site.site_header = _("Tianheng: operator")
admin.site.site_title = _("Tianheng")
admin.site.unregister(Group)


class MembershipInline(TabularInline):
    model = Membership
    extra = 1
    autocomplete_fields = ("user",)


@admin.register(Firm)
class FirmAdmin(ModelAdmin):
    list_display = ("name", "created_at")
    search_fields = ("name",)
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Firm | None = None) -> bool:
        return False  # a firm takes its audit trail with it


class PersonCreationForm(CreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class PersonAdmin(BaseUserAdmin):
    add_form = PersonCreationForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "joined_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "usable_password", "password1", "password2"),
            },
        ),
    )


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    list_display = ("user", "firm", "role", "joined_at")
    list_filter = ("role",)
    list_select_related = ("user", "firm")
    search_fields = ("user__email", "user__name", "firm__name")
    autocomplete_fields = ("user", "firm")


class LookOnly(ModelAdmin):
    """What people and services write, the operator only reads."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Assessment)
class AssessmentAdmin(LookOnly):
    list_display = ("title", "firm", "status", "as_of", "updated_at")
    list_filter = ("status",)
    list_select_related = ("firm",)
    search_fields = ("title", "firm__name")


@admin.register(Submission)
class SubmissionAdmin(LookOnly):
    list_display = ("assessment", "number", "band", "submitted_at", "decision")
    list_filter = ("band", "decision")
    list_select_related = ("assessment",)
    exclude = ("content",)


@admin.register(Determination)
class DeterminationAdmin(LookOnly):
    list_display = ("requirement", "outcome", "submission", "by", "at")
    list_filter = ("outcome",)
    list_select_related = ("submission__assessment", "by")


@admin.register(Finding)
class FindingAdmin(LookOnly):
    list_display = ("number", "requirement", "severity", "due_on", "raised_by")
    list_filter = ("severity",)
    list_select_related = ("raised_by",)


@admin.register(CorrectiveAction)
class CorrectiveActionAdmin(LookOnly):
    list_display = ("finding", "firm", "status", "owner", "due_on")
    list_filter = ("status",)
    list_select_related = ("finding", "firm", "owner")


@admin.register(Evidence)
class EvidenceAdmin(LookOnly):
    list_display = ("title", "firm", "kind", "expires_on", "added_at")
    list_select_related = ("firm",)
    search_fields = ("title", "firm__name")
    exclude = ("file",)


@admin.register(Report)
class ReportAdmin(LookOnly):
    list_display = ("code", "kind", "lang", "status", "requested_at", "finished_at")
    list_filter = ("status",)
    exclude = ("review", "file")


@admin.register(AuditEvent)
class AuditEventAdmin(LookOnly):
    list_display = ("at", "actor_name", "action", "firm", "subject")
    list_filter = ("action",)
    list_select_related = ("firm",)


@admin.register(EmailOutbox)
class EmailOutboxAdmin(LookOnly):
    list_display = ("address", "subject", "status", "attempts", "next_at", "sent_at", "error")
    list_filter = ("status",)
    search_fields = ("address",)
    exclude = ("html",)
