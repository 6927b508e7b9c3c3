"""What the OpenAPI document says beyond the bodies: names, headers, filters, errors (api.md, section 1)."""

from datetime import datetime

from drf_spectacular.utils import OpenApiParameter

from portfolio.serializers import errors, name_parameters
from riskcontrol import bodies, serializers

ROW_ERRORS = errors(400, 401, 403, 404)
WRITE_ERRORS = {
    **ROW_ERRORS,
    **errors(409, shape=serializers.ConflictSerializer),
    **errors(413, 415),
    **errors(503, shape=serializers.RowErrorSerializer),
}
ANSWERED_ERRORS = {**WRITE_ERRORS, **errors(502)}
ROW_NAMES = name_parameters(*bodies.NAMES)
NAME_FILTERS = name_parameters(*bodies.NAMES, location="query")
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,16}")$'},
    OpenApiParameter.HEADER,
    description='The revision shown, quoted: `"7"`; or `*`. A stale one is 409 `conflict`.',
)
ETAG = OpenApiParameter(
    "ETag",
    {"type": "string", "pattern": '^"[0-9]+"$'},
    OpenApiParameter.HEADER,
    response=[200, 202],
    description='The row\'s revision, quoted: `"7"`.',
)
LIST_ETAG = OpenApiParameter(
    "ETag",
    {"type": "string", "pattern": '^"[0-9]+"$'},
    OpenApiParameter.HEADER,
    response=[200, 304],
    description="Rises with any change of any row.",
)
CHANGE_FILTERS = [
    OpenApiParameter("actor", str),
    OpenApiParameter("action", str, enum=serializers.ACTIONS),
    OpenApiParameter("since", datetime),
    OpenApiParameter("until", datetime),
]
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the list known: 304 while it holds.",
)
