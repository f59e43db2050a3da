"""What a password has to be, beside Django's own rules."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext as _


class LongEnough(MinimumLengthValidator):
    """Django's least length, said in our words: Django has no Chinese for its newest ones."""

    def get_error_message(self) -> str:
        return _("A password needs at least %(count)d characters. Choose a longer one.") % {
            "count": self.min_length
        }

    def get_help_text(self) -> str:
        return _("Use at least %(count)d characters.") % {"count": self.min_length}
