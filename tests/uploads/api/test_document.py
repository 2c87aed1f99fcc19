"""The API keeps to its own document: asked for what it allows and for what it doesn't, no answer is one that the
document doesn't name, and none is a fault of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.companies import Company

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("table", "bucket", "broker", "categories")]

SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), headers={"Host": "localhost"})
CALLS: list[Any] = [operation.ok() for operation in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
EXAMPLES = 12  # of each call, of what the document allows and of what it does not
KEPT_TO = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip


@pytest.fixture(autouse=True)
def connection_kept() -> Iterator[None]:
    """As Django's own test client does: a request's end closes what the test's transaction is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.label)
def test_whatever_is_asked_is_answered_as_the_document_says(ours: Company, call: Any, mode: GenerationMode) -> None:
    own = {"feed_id": ours.upload.pk, "vendor_product_id": ours.product.vendor_product_id}
    headers = {"Authorization": f"Bearer {ours.token_text}", "Host": "localhost"}

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=call.as_strategy(mode), about_ours=st.booleans())
    def ask(case: Any, about_ours: bool) -> None:
        if about_ours and case.path_parameters:
            case.path_parameters.update({name: own[name] for name in own.keys() & case.path_parameters.keys()})
        case.validate_response(case.call(headers=headers), checks=KEPT_TO)

    ask()
