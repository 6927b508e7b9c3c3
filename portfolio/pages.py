"""The way in and out: /login and /logout."""

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portfolio import book
from portfolio.models import Trader

LONGEST_NEXT = 4096
WRONG = "User name or password is wrong. Five wrong ones from one address lock the name for 15 minutes."


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Answer /login: the form; a right `username` and `password` lead to `next`, a wrong one is said."""
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(_following(request, request.GET.get("next", "")))
        return _form(request, request.GET.get("next", ""))
    name, following = request.POST.get("username", "")[:150], request.POST.get("next", "")
    user = authenticate(request, username=name, password=request.POST.get("password", "")[:4096])
    if user is None:
        return _form(request, following, name, WRONG)
    login(request, user)
    return redirect(_following(request, following))


def _form(request: HttpRequest, following: str, name: str = "", error: str = "") -> HttpResponse:
    context = {"next": following, "username": name, "error": error, "networks": _networks()}
    return render(request, "login.html", context)


def _following(request: HttpRequest, given: str) -> str:
    """Give where a login leads: a path of ours; `redirect` would take any other word for a view's name."""
    ours = url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure())
    return given if given.startswith("/") and ours and len(given) <= LONGEST_NEXT else "/"


def _networks() -> list[str]:
    accounts = [book.link(source).account for source in Trader.objects.values_list("source", flat=True)]
    return sorted({account.network for account in accounts if account is not None and account.network})


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Answer a POST to /logout: the session ends, and with it its sockets."""
    logout(request)
    return redirect("/login")


urlpatterns = [
    path("login", sign_in, name="login"),
    path("logout", sign_out, name="logout"),
]
