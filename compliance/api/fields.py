"""What a body may hold: exact types, known names, and a sentence for everything else."""

from __future__ import annotations

from datetime import date
from typing import Any, NoReturn
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from checklists import InvalidValue
from checklists.engine.values import parse_date
from compliance.services.texts import LONGEST_TEXT


class Strict(serializers.Serializer[Any]):
    """A body with exactly these fields: a name it does not know is refused, not dropped."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = (
            [name for name in data if name not in self.fields] if isinstance(data, dict) else []
        )
        if not unknown:
            return super().to_internal_value(data)
        said = _("There is no such field here. Remove it, or check its name.")
        faults: dict[str, Any] = {name[:80]: [said] for name in unknown[:20]}
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as others:
            faults |= others.detail if isinstance(others.detail, dict) else {}
        raise serializers.ValidationError(faults)


class TextField(serializers.CharField):
    """A text, sent as a text; blank is a text too, and no space is cut off."""

    def __init__(self, **options: Any) -> None:
        options = {"allow_blank": True, "max_length": LONGEST_TEXT, **options}
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, and nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class ChosenField(serializers.ChoiceField):
    """One of the words."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        return str(super().to_internal_value(data))


class IdField(serializers.UUIDField):
    """The id of a thing, as the API gave it."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=str(data)[:40])
        return super().to_internal_value(data)


class DayField(serializers.DateField):
    """A day as year-month-day."""

    def to_internal_value(self, value: Any) -> date:
        try:
            return parse_date(value)
        except InvalidValue as error:
            raise serializers.ValidationError(error.message.get(get_language() or "en")) from None


@extend_schema_field(
    {
        "description": "Text, number, true, false or null, as the requirement's `answer` says.",
        "type": ["string", "number", "boolean"],
    }
)
class ValueField(serializers.Field[Any, Any, Any, Any]):
    """The value of an answer; the requirement says which are taken."""

    default_error_messages = {  # noqa: RUF012 - the library declares it for the instance
        "invalid": gettext_lazy("Send one value: text, number, true, false or null.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list | dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def refuse(field: str, sentence: str) -> NoReturn:
    """Refuse one field with its sentence."""
    raise serializers.ValidationError({field: [sentence]})


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class ObjectsField(serializers.Field[Any, Any, Any, Any]):
    """A list of objects; what they hold is said where they come from."""


@extend_schema_field({"type": "object", "additionalProperties": True})
class ObjectField(serializers.Field[Any, Any, Any, Any]):
    """An object; what it holds is said where it comes from."""


@extend_schema_field({"type": ["object", "array", "string", "number", "boolean", "null"]})
class AnyValueField(serializers.Field[Any, Any, Any, Any]):
    """Whatever stands there: what it may be is said where it comes from."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
class MaybeObjectField(serializers.Field[Any, Any, Any, Any]):
    """An object, or null."""


@extend_schema_field(
    {
        "description": "Choices as a list, yes or no as true or false, numbers as decimal text, "
        "dates as year-month-day; null is “don't know yet”.",
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "array", "null"]},
    }
)
class FactsField(serializers.Field[Any, Any, Any, Any]):
    """Facts by name."""

    default_error_messages = {  # noqa: RUF012 - the library declares it for the instance
        "invalid": gettext_lazy("Send an object: the name of each fact and its value.")
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data


@extend_schema_field(
    {"type": ["string", "null"], "pattern": "^(100(\\.0)?|[0-9]{1,2}(\\.[0-9])?)$"}
)
class PercentField(serializers.Field[Any, Any, Any, Any]):
    """A score as decimal text between 0 and 100; null where nothing applies."""
