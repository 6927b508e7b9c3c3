"""The book of what the traders report."""

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    """The app `portfolio`."""

    name = "portfolio"
    default_auto_field = "django.db.models.BigAutoField"
