"""Columns that lose no digit: money as integer micro-dollars, JSON with its decimals as written."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

from venues.contract.money import from_micros, to_micros
from venues.serving.parsers import dump_json

_exact = json.JSONDecoder(parse_float=Decimal)  # made once: `loads` makes one for every value

if TYPE_CHECKING:
    Column = models.BigIntegerField[Any, Any]
    Text = models.TextField[Any, Any]
else:
    Column = models.BigIntegerField  # generic to type checkers only
    Text = models.TextField


class MoneyField(Column):
    """Stores micros of dollars or percent as an integer, gives Decimal: SQLite's decimals lose digits."""

    _pyi_private_set_type: Any  # what django-stubs reads the types of a column from
    _pyi_private_get_type: Any

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Decimal | None:
        """Give the stored integer as Decimal."""
        return None if value is None else from_micros(value)

    def to_python(self, value: Any) -> Decimal | None:
        """Give whatever a form or fixture holds as Decimal."""
        return None if value is None else Decimal(str(value))

    def get_prep_value(self, value: Any) -> int | None:
        """Give the integer to store; more than six decimals raise rather than round."""
        if value is None:
            return None
        micros = to_micros(Decimal(value))
        if from_micros(micros) != Decimal(value):
            raise ValueError(f"more than six decimals: {value}")
        return micros

    def formfield(self, **kwargs: Any) -> Any:
        """Give a decimal form field."""
        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "max_digits": 18, "decimal_places": 6, **kwargs}
        )

    @property
    def validators(self) -> list[Any]:
        """Give none: the integer range of the column is checked in micros by the database."""
        return []


class ExactJSONField(Text):
    """Stores a JSON value as text and gives its numbers as int and Decimal, never as binary floats."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Give the stored text's value."""
        return None if value is None else _exact.decode(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Give the text to store."""
        return None if value is None else dump_json(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Give the text for a fixture."""
        return dump_json(self.value_from_object(obj))
