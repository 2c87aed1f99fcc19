"""What tests of changes kept of a vendor's rows as examples, forgotten with the vendor. What was counted stays."""

from django.db import connection

from uploads.models import Job


def tests_of(vendor_id: str) -> int:
    """In how many tests there are examples of this vendor (through idx_jobs_shadow)."""
    found = Job.objects.filter(kind=Job.Kind.SHADOW).values_list("result__vendors", flat=True)
    return sum(bool((vendors or {}).get(vendor_id, {}).get("examples")) for vendors in found.iterator(100))


def forget(vendor_id: str) -> int:
    """Delete them; returns in how many tests there were any."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE jobs SET result = jsonb_set(result, ARRAY['vendors', %s, 'examples'], '[]')
             WHERE kind = 'shadow' AND jsonb_array_length(result #> ARRAY['vendors', %s, 'examples']) > 0
            """,
            [vendor_id, vendor_id],
        )
        return int(cursor.rowcount)
