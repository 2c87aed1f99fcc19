"""What a vendor chose before about the columns of its files, put there as the preview would."""

from collections.abc import Mapping, Sequence

from uploads.feed import columns
from uploads.models import RememberedReading


def remembering(
    headers: Sequence[str],
    fields: Mapping[str, str],
    vendor_id: str = "VEND001",
    file_name: str = "spring.csv",
    answers: Mapping[str, str] | None = None,
) -> RememberedReading:
    """For files with these headers: field → header."""
    return RememberedReading.objects.create(
        vendor_id=vendor_id,
        fingerprint=columns.fingerprint(headers),
        headers=list(headers),
        columns=dict(fields),
        answers=dict(answers or {}),
        file_name=file_name,
    )
