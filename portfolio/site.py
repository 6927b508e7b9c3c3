"""The Django admin's site: for the role admin, with the product's own login."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from portfolio.access import allows


class Site(admin.AdminSite):
    """The admin site; its login is the product's own.

    `on_refused` are called with the request of a known user without the role, before its 403.
    """

    site_header = site_title = "PoG PM"
    index_title = "Administration"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.on_refused: list[Callable[[HttpRequest], None]] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user's role is admin."""
        return allows(request.user, "admin")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap a view: a known user without the role gets 403, an unknown one the login page."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                for tell in self.on_refused:
                    tell(request)
                raise PermissionDenied
            return inner(request, *args, **kwargs)  # type: ignore[no-any-return]

        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send to the login page, and from there back."""
        wanted = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': wanted})}")
