"""The master of risk settings."""

from django.apps import AppConfig


class RiskControlConfig(AppConfig):
    """The app `riskcontrol`."""

    name = "riskcontrol"
    verbose_name = "Risk control"
    default_auto_field = "django.db.models.BigAutoField"
