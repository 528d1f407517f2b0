"""Serves `/access`: what the token of a request lets it see."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from evload.api.contract.media_types import JSON
from evload.database.errors import DatabaseUnavailable


async def access(request: Request) -> Response:
    admission = request.scope["evload.admission"]
    seen = admission.scope
    if seen is None:
        raise DatabaseUnavailable
    told = {
        "token": None if seen.is_open else admission.name,
        "sees_users": seen.sees_users,
        "user_id": seen.user_id,
        "location_id": seen.location_id,
    }
    return Response(orjson.dumps(told), headers={"Cache-Control": "no-store"}, media_type=JSON.content_type)
