"""What the frame around every page needs: the person's firms, the catalogue's notice, the theme."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.db.models import Count, Subquery
from django.http import HttpRequest

from checklists import Catalogue, load_catalogue
from compliance.models import Firm, Membership, Notification, Role, User

THEME_COOKIE = "theme"
THEMES = ("light", "dark")


class Shell:
    """Read only when a template asks: a partial costs no query."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def memberships(self) -> list[Membership]:
        """The person's roles, one per firm, by the firm's name."""
        user = self._request.user
        if not user.is_authenticated:
            return []
        return list(
            Membership.objects.filter(user=user)
            .select_related("firm")
            .annotate(unread=_unread_of(user))
            .order_by("firm__name")
        )

    @property
    def unread(self) -> int:
        """How many notifications the person has not read; counted along with the memberships."""
        memberships = self.memberships
        return getattr(memberships[0], "unread", None) or 0 if memberships else 0

    @property
    def only_firm(self) -> Firm | None:
        """The firm of a person who has a role in one alone."""
        memberships = self.memberships
        return memberships[0].firm if len(memberships) == 1 else None

    @property
    def is_officer(self) -> bool:
        return any(member.role == Role.OFFICER for member in self.memberships)

    @property
    def may_register_firm(self) -> bool:
        user = self._request.user
        return user.is_authenticated and (user.is_superuser or settings.SIGN_UP_OPEN)

    @property
    def is_empty(self) -> bool:
        """Whether nobody at all has an account yet; asked by the page of signing in alone."""
        return not User.objects.exists()

    @property
    def sign_up_open(self) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    @cached_property
    def theme(self) -> str:
        """The theme the person chose; "" follows the machine."""
        chosen = self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue()

    @property
    def path(self) -> str:
        return self._request.get_full_path()


def _unread_of(user: User) -> Subquery:
    """The count for the bell, within a query that every full page makes anyway."""
    unread = Notification.objects.shown_to(user).unread().order_by().values("to")
    return Subquery(unread.annotate(count=Count("pk")).values("count"))


def shell_of(request: HttpRequest) -> Shell:
    """The frame of this request: a view that reads it shares its queries with the template."""
    known: Shell | None = getattr(request, "shell", None)
    if known is None:
        known = Shell(request)
        request.shell = known  # type: ignore[attr-defined]
    return known


def shell(request: HttpRequest) -> dict[str, Shell]:
    """The frame's data under the name `shell`."""
    return {"shell": shell_of(request)}
