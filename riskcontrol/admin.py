"""The Django admin of risk settings: edits are operations; audit and outbox are for reading."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portfolio.access import actor_of
from portfolio.admin import ReadOnly
from riskcontrol import operations
from riskcontrol.bodies import from_form
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.contract.errors import ProductError
from venues.contract.limits import SPEC, parse_limit, parse_reason


class SettingField(forms.CharField):
    """One of the three settings, by the rules of `venues.contract.limits`."""

    def __init__(self, name: str) -> None:
        super().__init__(label=SPEC[name].label, max_length=40)
        self.name = name

    def clean(self, value: Any) -> Any:
        """Give the setting as Decimal."""
        try:
            return parse_limit(self.name, from_form(self.name, super().clean(value).strip()))
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether another number was typed: `5` and `5.00` are one."""
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to type checkers only
    """The four fields that PM owns, the revision they were read at, and a reason."""

    risk_per_trade = SettingField("risk_per_trade")
    stop_loss_dollars = SettingField("stop_loss_dollars")
    max_strategy_loss = SettingField("max_strategy_loss")
    shown_revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(required=False, max_length=500)

    class Meta:
        model = RiskSettings
        fields = ["enabled", "risk_per_trade", "stop_loss_dollars", "max_strategy_loss"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shown_revision"].initial = self.instance.revision

    def clean_reason(self) -> str:
        """Give the reason, printable."""
        try:
            return parse_reason(self.cleaned_data["reason"])
        except ProductError as error:
            raise ValidationError(error.detail) from None

    def item(self) -> operations.BulkItem:
        """Give what was edited as one update on the revision shown."""
        edited = {name: self.cleaned_data[name] for name in self.changed_data if name in SPEC}
        return operations.BulkItem(
            key=self.instance.strategy.key,
            changes=edited,
            enabled=self.cleaned_data["enabled"] if "enabled" in self.changed_data else None,
            expected=self.cleaned_data["shown_revision"],
        )


@admin.register(RiskSettings)
class RiskSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to type checkers only
    """Risk settings: saved through `operations`, with validation, revision check and audit."""

    form = SettingsForm
    list_display = [
        "strategy", "enabled", "risk_per_trade", "stop_loss_dollars", "max_strategy_loss", "revision",
    ]  # fmt: skip
    list_filter = ["strategy__trader", "enabled"]
    search_fields = ["strategy__strategy_id", "strategy__symbol"]
    readonly_fields = ["strategy", "revision", "changed_at"]
    fields = [
        "strategy", "enabled", "risk_per_trade", "stop_loss_dollars", "max_strategy_loss", "reason",
        "revision", "changed_at", "shown_revision",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell that settings are adopted from traders, not added."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell that settings are never deleted."""
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show or save, outside a transaction: an operation commits before it tells the trader (I2)."""
        return self._changeform_view(  # type: ignore[attr-defined]
            request,
            kwargs.get("object_id") or (args[0] if args else None),
            kwargs.get("form_url") or "",
            kwargs.get("extra_context"),
        )

    def save_model(self, request: HttpRequest, obj: RiskSettings, form: Any, change: bool) -> None:
        """Apply what was edited; the outcome is told by `response_change`."""
        item = form.item()
        if not item.changes and item.enabled is None:
            return
        actor = actor_of(request, "admin")
        found = operations.bulk_update([item], actor=actor, reason=form.cleaned_data["reason"])
        request.outcome = found[0]  # type: ignore[attr-defined]  # carried to the answer of this request

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave Django's own log alone: the audit has the record."""

    def response_change(self, request: HttpRequest, obj: RiskSettings) -> HttpResponse:
        """Say what became of the edit and show the row as it stands."""
        outcome = getattr(request, "outcome", None)
        if outcome is None:
            self.message_user(request, "Nothing was changed.", messages.INFO)
        elif outcome.error is not None:
            self.message_user(request, f"{obj}: {outcome.error.detail}", messages.ERROR)
        else:
            level = messages.SUCCESS if outcome.status in {"applied", "unchanged"} else messages.WARNING
            self.message_user(request, f"{obj.strategy}: {outcome.status}.", level)
        return HttpResponseRedirect(request.path)


@admin.register(Change)
class ChangeAdmin(ReadOnly):
    """The audit."""

    list_display = [
        "id", "at", "actor", "via", "action", "source", "strategy_id", "symbol", "revision", "outcome",
    ]  # fmt: skip
    list_filter = ["action", "outcome", "via", "source"]
    search_fields = ["actor", "strategy_id", "symbol", "reason"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """What is on its way to a trader."""

    list_display = ["id", "strategy", "kind", "state", "tries", "last_error", "made_at"]
    list_filter = ["state", "kind"]


def record_refused(request: HttpRequest) -> None:
    """Put a known user's refused write on the record (I5)."""
    if request.method == "POST":
        actor = actor_of(request, "admin")
        reason = f"{request.path}: the admin is kept to the role admin"
        operations.record_refusal(actor=actor, key=None, reason=reason)


admin.site.on_refused.append(record_refused)  # type: ignore[attr-defined]  # our own Site
