"""Who may do what: roles are groups, each including the one before; tokens and sessions of the API."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework import authentication, exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portfolio.actor import Actor

if TYPE_CHECKING:  # importing views would import this module again, through REST framework's settings
    from rest_framework.views import APIView

ROLES = ("viewer", "operator", "admin")
Someone = AbstractBaseUser | AnonymousUser


def role_of(user: Someone) -> str | None:
    """Give the highest role of a user; None for nobody, for the inactive and for a user in no group."""
    if not isinstance(user, User) or not user.is_active:
        return None
    held = getattr(user, "held_role", "")
    if held == "":
        groups = set(user.groups.values_list("name", flat=True))
        held = next((role for role in reversed(ROLES) if role in groups), None)
        user.held_role = held  # type: ignore[attr-defined]  # kept for the life of the request
    return held


def allows(user: Someone, role: str) -> bool:
    """Tell whether the user's role includes `role`."""
    held = role_of(user)
    return held is not None and ROLES.index(held) >= ROLES.index(role)


def ensure_roles() -> dict[str, Group]:
    """Give the groups of the roles by name, made where missing."""
    return {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}


def give_role(user: User, role: str) -> None:
    """Put the user into the group of one role and out of those of the others."""
    groups = ensure_roles()
    user.groups.remove(*(group for name, group in groups.items() if name != role))
    user.groups.add(groups[role])
    user.is_staff = role == "admin"
    user.save(update_fields=["is_staff"])
    user.__dict__.pop("held_role", None)


class RoleBackend(ModelBackend):
    """Passwords of Django's users; every permission of the Django admin to the role admin."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Tell whether the user holds the permission: admins hold all, others none."""
        return allows(user_obj, "admin")

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Tell whether the user may see an app of the Django admin."""
        return allows(user_obj, "admin")


def client_ip(request: HttpRequest) -> str | None:
    """Give the address that the connection comes from; forwarded headers are not believed."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def actor_of(request: HttpRequest | Request, via: str) -> Actor:
    """Give who acts, for the audit record; `via` is api, page or admin."""
    plain = request._request if isinstance(request, Request) else request
    return Actor(name=request.user.get_username(), via=via, ip=client_ip(plain))


def locked_out(request: HttpRequest, response: Any, credentials: Any = None) -> HttpResponse:
    """Answer a login that five wrong ones have locked for 15 minutes."""
    from portfolio.rest import error_page

    answer = error_page(request, 429, "throttled", "Too many wrong logins. Try again in 15 minutes.")
    answer.headers["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return answer


def token_user(key: bytes) -> tuple[User, AuthToken] | None:
    """Give the active user of a token's key; None for any other key, an expired one included."""
    if not key.isascii():
        return None
    found = AuthToken.objects.select_related("user").filter(digest=hash_token(key.decode())).first()
    if found is None or not found.user.is_active:
        return None
    if found.expiry is not None and found.expiry <= timezone.now():
        return None
    return found.user, found


class TokenAuthentication(KnoxAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Token <key>`; one lookup by digest; anything that is no key is 401, never 500."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Give the user of a key, or raise AuthenticationFailed."""
        found = token_user(token)
        if found is None:
            raise exceptions.AuthenticationFailed("The token is not valid.")
        return found


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; a write without CSRF token is 403 `csrf_failed`."""

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token of a session's request."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied(str(error.detail), code="csrf_failed") from None


class Viewer(BasePermission):
    """Lets the role viewer and those above it read; refuses everybody else."""

    role = "viewer"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Tell whether the user's role includes the one this class asks for."""
        return allows(request.user, self.role)


class Operator(Viewer):
    """Lets the role operator and those above it change, kill, close and reset."""

    role = "operator"


class Admin(Viewer):
    """Lets the role admin do what is kept to it."""

    role = "admin"


class OperatorWrites(Viewer):
    """Lets viewers read and operators write."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Tell whether the user may use this method."""
        return allows(request.user, "viewer" if request.method in {"GET", "HEAD"} else "operator")
