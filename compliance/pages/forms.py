"""What forms of all pages share: how a service's refusal becomes errors beside the fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from compliance.errors import ComplianceError

WIDGET_CLASSES: list[tuple[type[forms.Widget], str]] = [
    (forms.CheckboxInput, "form-check-input"),
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
]


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, even if it is nothing at all; None for a page that is only read."""
    return request.POST if request.method == "POST" else None


class PageForm(forms.Form):
    """A form whose fields wear the pages' classes."""

    use_required_attribute = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = next(css for kind, css in WIDGET_CLASSES if isinstance(field.widget, kind))
            field.widget.attrs.setdefault("class", css)

    def add_refusal(self, refusal: ComplianceError) -> None:
        """Put each sentence of a refusal beside its field, the rest above the form."""
        for name, sentence in refusal.fields.items():
            self.add_error(name if name in self.fields else None, str(sentence))
        if not refusal.fields:
            self.add_error(None, str(refusal.message))


class DayInput(forms.DateInput):
    """The browser's own date field, in the form every browser sends."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")
