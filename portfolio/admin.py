"""The Django admin for the role admin: traders and users to edit, what traders report to read."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from knox.models import AuthToken

from portfolio import book
from portfolio.models import ClosedTrade, EquityPoint, Strategy, Trader, Transition


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to type checkers only
    """Shows and changes nothing."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that nothing is deleted here."""
        return False


@admin.register(Trader)
class TraderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to type checkers only
    """The registry: source, URL (checked against TRADER_HOSTS), enabled; tokens are not kept here."""

    list_display = ["source", "url", "enabled", "heard_at"]
    fields = ["source", "url", "enabled", "heard_at"]
    readonly_fields = ["heard_at"]

    def save_model(self, request: HttpRequest, obj: Trader, form: Any, change: bool) -> None:
        """Save, and tell the readers."""
        super().save_model(request, obj, form, change)
        book.registered(obj.source)

    def delete_model(self, request: HttpRequest, obj: Trader) -> None:
        """Delete, and tell the readers; one whose strategies PM knows stays."""
        super().delete_model(request, obj)
        book.registered(obj.source)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Trader]) -> None:
        """Delete those that were ticked, and tell the readers."""
        gone = list(queryset.values_list("source", flat=True))
        super().delete_queryset(request, queryset)
        for source in gone:
            book.registered(source)

    def get_readonly_fields(self, request: HttpRequest, obj: Trader | None = None) -> list[str]:
        """Give what cannot be edited: the source of a trader that is known already, too."""
        return ["heard_at"] if obj is None else ["source", "heard_at"]


@admin.register(Strategy)
class StrategyAdmin(ReadOnly):
    """Strategies as reported."""

    list_display = ["trader", "strategy_id", "symbol", "is_killed", "epoch", "total_pnl", "reported_at"]
    list_filter = ["trader", "is_killed"]
    search_fields = ["strategy_id", "symbol"]


@admin.register(Transition)
class TransitionAdmin(ReadOnly):
    """Changes of status."""

    list_display = ["at", "strategy", "before", "after", "cause", "total_pnl"]
    list_filter = ["after", "cause"]


@admin.register(EquityPoint)
class EquityPointAdmin(ReadOnly):
    """Equity by the minute."""

    list_display = ["at", "trader", "equity", "margin_used"]
    list_filter = ["trader"]


@admin.register(ClosedTrade)
class ClosedTradeAdmin(ReadOnly):
    """Closed trades as reported."""

    list_display = ["closed_at", "trader", "strategy_id", "symbol", "pnl"]
    list_filter = ["trader", "symbol"]


class PeopleAdmin(UserAdmin):  # type: ignore[type-arg]  # generic to type checkers only
    """Users and their roles: the groups viewer, operator and admin."""

    list_display = ["username", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    filter_horizontal = ["groups"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Role", {"fields": ["is_active", "groups"]}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]


class TokenAdmin(ReadOnly):
    """Tokens to look at and revoke; they are made by `manage.py createtoken`."""

    list_display = ["user", "created", "expiry"]
    fields = ["user", "created", "expiry"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that a token may be revoked."""
        return self.admin_site.has_permission(request)


class LoginsAdmin(ReadOnly):
    """Logins that axes has seen."""


class AttemptAdmin(LoginsAdmin):
    """Failed logins; deleting one ends its lock."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that a lock may be ended."""
        return self.admin_site.has_permission(request)


for model, shown in [
    (User, PeopleAdmin),
    (AuthToken, TokenAdmin),
    (AccessAttempt, AttemptAdmin),
    (AccessLog, LoginsAdmin),
    (AccessFailureLog, LoginsAdmin),
]:
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, shown)
admin.site.unregister(Group)
