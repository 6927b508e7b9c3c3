"""The OpenAPI document and its page, and what they say beyond the views: how to come in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.utils.decorators import method_decorator
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolio.rest import ExactJSONRenderer


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes tokens in the OpenAPI document."""

    target_class = "portfolio.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Give the OpenAPI security scheme."""
        said = "`Token <key>`; keys are made by `manage.py createtoken USER`."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": said}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the session cookie in the OpenAPI document."""

    target_class = "portfolio.access.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Give the OpenAPI security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def as_it_is_read(result: Any, **given: Any) -> Any:
    """Give the document with bounds as numbers, and bodies that take no other keys than they name."""
    for name, shape in result["components"]["schemas"].items():
        if name.endswith("Request"):
            shape["additionalProperties"] = False
    return _plain(result)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


class JSONErrors(APIView):
    """Answers errors in JSON where the view itself speaks something else."""

    http_method_names = ["get", "head"]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error."""
        response = super().handle_exception(exc)
        self.request.accepted_renderer = ExactJSONRenderer()
        self.request.accepted_media_type = ExactJSONRenderer.media_type
        return response


class SchemaView(JSONErrors, SpectacularAPIView):
    """The OpenAPI 3 document: JSON, as all answers are, unless YAML is asked for."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]


@method_decorator(csp_update({"img-src": ["data:"]}), name="dispatch")
class DocsView(JSONErrors, SpectacularSwaggerSplitView):
    """The document's page; Swagger UI draws its arrows as data: images."""

    url_name = "api-schema"

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error; a browser without a session is sent to log in, and back."""
        response = super().handle_exception(exc)
        if isinstance(exc, NotAuthenticated) and "text/html" in self.request.headers.get("Accept", ""):
            response.status_code = 302
            response.headers["Location"] = redirect_to_login(self.request.get_full_path()).url
        return response
