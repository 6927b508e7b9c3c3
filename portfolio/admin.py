"""The Django admin of PM's own book: traders to edit, what they report to read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from portfolio.access import allows


class Site(admin.AdminSite):
    """The admin site, for the role admin; its login is the product's own."""

    site_header = site_title = "PoG PM"
    index_title = "Administration"

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user's role is admin."""
        return allows(request.user, "admin")

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send to the login page, and from there back."""
        wanted = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': wanted})}")
