"""Undoing an upload, what the catalog has then, and records of another program beside."""

from django.contrib.auth.models import User

from catalog.models import Product
from tests.feeds import HEADER, line
from tests.jobs import run_jobs
from uploads.aws import dynamo
from uploads.corrections import undo
from uploads.models import UploadHistory


def undone(upload: UploadHistory, user: User, *, dry: bool = False) -> dict[str, int]:
    upload.refresh_from_db()
    job = run_jobs(undo.start(upload, user, dry=dry))
    assert (job.state, job.failure) == ("done", "")
    return {fate: job.result[fate] for fate in ("reversed", "kept", "failed") if job.result.get(fate)}


def catalog() -> dict[str, tuple[str, str, int]]:
    products = Product.objects.order_by("sku").values_list("sku", "product_name", "price", "stock_quantity")
    return {sku: (name, str(price), stock) for sku, name, price, stock in products}


def put(record_id: str, **cells: str) -> None:
    """A record that another program puts into the table, without a row number, for the product of line(1)."""
    names = HEADER.split(",")
    data = dict(zip(names, line(1, **cells).split(","), strict=True))
    dynamo.put_records([{
        "upload_id": {"S": "ERP"}, "record_id": {"S": record_id}, "vendor_id": {"S": "VEND001"},
        "product_data": {"M": {name: {"S": cell} for name, cell in data.items()}},
    }])  # fmt: skip
