"""The slow and the obvious versions, each the thing to beat: what an engineer would write first, and by which library.

They get the same validator, so that they come to the same outcome; what differs is the way that a row takes. None of
them survives a crash half-way, and only the textbook pipeline keeps an audit trail.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import boto3
import tablib
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from import_export import resources
from import_export.instance_loaders import CachedInstanceLoader

from catalog.models import Product
from catalog.rules.validator import ProductDraft, Rules, validate
from uploads.aws import records
from uploads.feed.sample import COLUMNS
from uploads.models import UploadHistory

BATCH = 1000


def csv_loop(path: Path) -> int:
    """Read a file with csv.reader and do nothing with it; returns the number of rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file))


# --- DynamoDB --------------------------------------------------------------------------------------------------


@cache
def resource() -> Any:
    """boto3's resource, as its own documentation uses it."""
    return boto3.resource("dynamodb", **_where())


@cache
def streams() -> Any:
    return boto3.client("dynamodbstreams", **_where())


def _where() -> dict[str, Any]:
    url = settings.AWS_ENDPOINT_URL_DYNAMODB
    return {"endpoint_url": url, "region_name": settings.AWS_REGION, **settings.AWS_CREDENTIALS}


def stage(path: Path, upload_id: str, vendor_id: str) -> int:
    """The rows of a file into the table through boto3's batch_writer."""
    number = 0
    with (
        path.open(encoding="utf-8", newline="") as file,
        resource().Table(settings.UPLOAD_RECORDS_TABLE).batch_writer() as writer,
    ):
        for number, line, cells in _rows(file):
            writer.put_item(_item(upload_id, vendor_id, number, line, cells))
    return number


def _rows(file: TextIO) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Number, line and cells of each row below the header, which is one line."""
    reader, line = csv.DictReader(file), 2
    for number, cells in enumerate(reader, 1):
        yield number, line, cells
        line = reader.line_num + 1


def _item(upload_id: str, vendor_id: str, number: int, line: int, cells: dict[str, str]) -> dict[str, Any]:
    return {
        "upload_id": upload_id,
        "record_id": records.record_id(number),
        "vendor_id": vendor_id,
        "row_number": number,
        "line_number": line,
        "product_data": cells,
        "status": records.PENDING,
        "created_at": records.now_iso(),
    }


def read_stream(arn: str, shard_id: str, expected: int) -> list[dict[str, Any]]:
    """All records of a shard through boto3's get_records, until there are as many as expected."""
    found: list[dict[str, Any]] = []
    iterator = streams().get_shard_iterator(StreamArn=arn, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    while iterator and len(found) < expected:
        page = streams().get_records(ShardIterator=iterator, Limit=1000)
        found += page["Records"]
        iterator = page.get("NextShardIterator")
    return found


# --- PostgreSQL ------------------------------------------------------------------------------------------------

_COLUMNS = "vendor_id, vendor_product_id, product_name, category, sku, brand, description, price, stock_quantity"
_VALUES = "%s, %s, %s, %s, %s, %s, %s, %s, %s"


def _values(vendor_id: str, draft: ProductDraft) -> tuple[Any, ...]:
    key, name, category, sku, brand, description, price, stock, *_ = draft
    return vendor_id, key, name, category, sku, brand or None, description or None, price, stock


def copy(vendor_id: str, pages: Iterable[Sequence[ProductDraft]]) -> int:
    """COPY into products as they come: nothing is looked up, compared or decided. A transaction a page."""
    count = 0
    for page in pages:
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(f"COPY products ({_COLUMNS}) FROM STDIN") as target:
                for draft in page:
                    target.write_row(_values(vendor_id, draft))
            count += len(page)
    return count


def executemany(vendor_id: str, pages: Iterable[Sequence[ProductDraft]]) -> int:
    """The same by executemany, which psycopg pipelines."""
    count = 0
    for page in pages:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO products ({_COLUMNS}) VALUES ({_VALUES})", [_values(vendor_id, draft) for draft in page]
            )
            count += len(page)
    return count


# --- whole imports ---------------------------------------------------------------------------------------------


class Imported(NamedTuple):
    """What an import says of itself: how many rows it saw, and which were wrong."""

    rows: int
    wrong: list[int]


class FeedResource(resources.ModelResource):  # type: ignore[misc] # import-export has no types
    """django-import-export as it comes: a query and a save for each row, in one transaction."""

    class Meta:
        model = Product
        fields = COLUMNS
        import_id_fields = ("vendor_product_id",)
        use_transactions = True

    def __init__(self, vendor_id: str, rules: Rules) -> None:
        super().__init__()
        self.vendor_id, self.rules = vendor_id, rules
        self.seen: set[str] = set()

    def get_queryset(self) -> Any:
        return Product.objects.filter(vendor_id=self.vendor_id)

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """The product's own validator; what it finds becomes one of import-export's invalid rows."""
        draft, problems = validate({field: row[field] for field in COLUMNS}, self.rules)
        if draft is None:
            raise ValidationError([problem.message for problem in problems])
        if draft.sku in self.seen:
            raise ValidationError("The SKU is already used in this file.")
        self.seen.add(draft.sku)
        row.update(draft._asdict())

    def init_instance(self, row: Any = None) -> Product:
        return Product(vendor_id=self.vendor_id)  # a foreign key's widget would ask for the vendor for every row


class BulkFeedResource(FeedResource):
    """Its bulk mode switched on, all else as it comes: products are written in batches, but looked up one by one."""

    class Meta:
        use_bulk = True
        batch_size = BATCH


class FastestFeedResource(BulkFeedResource):
    """The fastest that it can be set to: existing products by one query, nothing compared."""

    class Meta:
        skip_diff = True
        instance_loader_class = CachedInstanceLoader


def import_export(path: Path, resource_class: type[FeedResource], vendor_id: str, rules: Rules) -> Imported:
    """Import a file through django-import-export. Only products are written: errors stay in its result."""
    with path.open(encoding="utf-8", newline="") as file:
        data = tablib.Dataset().load(file, format="csv")
    result = resource_class(vendor_id, rules).import_data(data)
    assert not result.has_errors(), (result.base_errors, result.row_errors())
    return Imported(result.total_rows, [row.number for row in result.invalid_rows])


_UPSERT = f"""
INSERT INTO products ({_COLUMNS}) VALUES ({_VALUES})
    ON CONFLICT (vendor_id, vendor_product_id) DO UPDATE
   SET product_name = excluded.product_name, category = excluded.category, sku = excluded.sku, brand = excluded.brand,
       description = excluded.description, price = excluded.price, stock_quantity = excluded.stock_quantity
"""
_ERROR = """
INSERT INTO validation_errors (upload_id, vendor_id, row_number, error_type, error_message) VALUES (%s, %s, %s, %s, %s)
"""


def textbook(path: Path, table_name: str, upload_id: str, vendor_id: str, rules: Rules) -> Imported:
    """The pipeline as tutorials have it: for each row one put_item, one INSERT, one update_item."""
    table = resource().Table(table_name)
    upload = UploadHistory.objects.create(upload_id=upload_id, vendor_id=vendor_id, file_name=path.name)
    wrong, number = [], 0
    with path.open(encoding="utf-8", newline="") as file, connection.cursor() as cursor:
        for number, line, cells in _rows(file):
            table.put_item(Item=_item(upload_id, vendor_id, number, line, cells))
            reason = _commit_row(cursor, vendor_id, validate(cells, rules))
            if reason:
                wrong.append(number)
                cursor.execute(_ERROR, [upload_id, vendor_id, number, "error", reason])
            _write_status(table, upload_id, number, reason)
    upload.total_records, upload.error_records, upload.valid_records = number, len(wrong), number - len(wrong)
    upload.status = UploadHistory.Status.COMPLETED
    upload.save()
    return Imported(number, wrong)


def _commit_row(cursor: Any, vendor_id: str, found: Any) -> str:
    """Insert or update the product; returns why not, or ""."""
    if found.draft is None:
        return "; ".join(problem.message for problem in found.problems)
    try:
        cursor.execute(_UPSERT, _values(vendor_id, found.draft))
    except IntegrityError as error:
        return str(error)
    return ""


def _write_status(table: Any, upload_id: str, number: int, reason: str) -> None:
    table.update_item(
        Key={"upload_id": upload_id, "record_id": records.record_id(number)},
        UpdateExpression="SET #s = :s, error_reason = :r" if reason else "SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": records.ERROR, ":r": reason} if reason else {":s": records.VALIDATED},
    )
