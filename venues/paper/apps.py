"""The Django application of the paper exchange: it owns the tables its state is kept in."""

from django.apps import AppConfig


class PaperConfig(AppConfig):
    """Names the application."""

    name = "venues.paper"
    label = "paper"
    default_auto_field = "django.db.models.BigAutoField"
