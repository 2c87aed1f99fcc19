"""The DynamoDB table: create it, delete it, put a sample in, ask it questions."""

from argparse import ArgumentTypeError
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.outages import explain
from uploads.aws import dynamo, expiry
from uploads.aws.records import encode, now_iso
from uploads.feed.parser import Row

SAMPLE = {
    "vendor_product_id": "SAMPLE-1",
    "product_name": "Sample Desk Lamp",
    "category": "Home & Garden",
    "sku": "SAMPLE-LAMP-1",
    "brand": "Lumen",
    "description": "A lamp to see the pipeline work.",
    "price": "24.90",
    "stock_quantity": "12",
}

CAPACITY = (
    "for PROVISIONED: the table gets N write units a second (5 if left out), VendorIndex half and StatusIndex one and "
    "a half times as many, rounded up. That is what N/2 rows a second take. Each gets N/2 read units."
)


class Command(BaseCommand):
    help = "Create or delete the table UploadRecords, put a sample record into it, or run the example queries."

    def add_arguments(self, parser: CommandParser) -> None:
        calls = parser.add_subparsers(dest="call", required=True)
        create = calls.add_parser("create", help="create the table with its stream and indexes")
        create.add_argument("--billing", choices=["PAY_PER_REQUEST", "PROVISIONED"], default="PAY_PER_REQUEST")
        create.add_argument("--capacity", type=_units, default=5, metavar="N", help=CAPACITY)
        delete = calls.add_parser("delete", help="delete the table with everything in it")
        delete.add_argument("--yes", action="store_true", help="don't ask")
        sample = calls.add_parser("sample", help="put one sample record in")
        sample.add_argument("--vendor", default="VEND001")
        queries = calls.add_parser("queries", help="run the example queries")
        queries.add_argument("--vendor", default="VEND001")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["call"])(**options)
        except dynamo.DynamoError as error:
            raise CommandError(explain(error) or str(error)) from error

    def create(self, **options: Any) -> None:
        if dynamo.create_table(options["billing"], options["capacity"]):
            self.stdout.write("Creating the table ...")
            description = dynamo.await_table(_active)
            expiry.turn_on()
            self.stdout.write(self.style.SUCCESS("The table is ready."))
        else:
            self.stdout.write("The table exists already.")
            description = dynamo.describe_table()
        self._show(description)

    def _show(self, table: dict[str, Any]) -> None:
        stream = table.get("StreamSpecification") or {}
        billing = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        self.stdout.write(f"  Table    {table['TableName']}, {table['TableStatus']}, {billing}{_capacity(table)}")
        self.stdout.write(f"  Keys     {_keys(table['KeySchema'])}")
        on = "enabled" if stream.get("StreamEnabled") else "OFF"
        self.stdout.write(f"  Stream   {on}, {stream.get('StreamViewType', '-')}")
        for index in table.get("GlobalSecondaryIndexes") or []:
            facts = [index["IndexName"], index["IndexStatus"], _keys(index["KeySchema"])]
            facts.append(index["Projection"]["ProjectionType"])
            self.stdout.write(f"  Index    {', '.join(facts)}{_capacity(index)}")

    def delete(self, **options: Any) -> None:
        table = dynamo.describe_table()
        if not options["yes"]:
            question = f"Delete the table {table['TableName']} with about {table['ItemCount']:,} records? Type yes: "
            if _answer(question) != "yes":
                raise CommandError("Nothing was deleted.")
        dynamo.delete_table()
        self.stdout.write(f"The table {table['TableName']} is being deleted.")

    def sample(self, **options: Any) -> None:
        upload_id = f"SAMPLE_{now_iso()[:19].translate(str.maketrans('', '', '-:T'))}"
        dynamo.put_records([encode(upload_id, options["vendor"], Row(1, SAMPLE, None, "", 0), now_iso())])
        self.stdout.write(f"Put REC_0000001 of {upload_id}. A running worker makes it a product within seconds.")

    def queries(self, **options: Any) -> None:
        vendor = options["vendor"]
        keys = list(islice(dynamo.query_vendor(vendor), 1000))
        uploads = list(dict.fromkeys(key["upload_id"]["S"] for key in keys))
        self.stdout.write(f"VendorIndex: {vendor} has records in {len(uploads)} uploads (first 1,000 records read)")
        for upload_id in uploads[:5]:
            self.stdout.write(f"  {upload_id}")
        if not uploads:
            self.stdout.write("Nothing to query yet. Put something in: manage.py dynamodb sample")
            return
        upload_id = uploads[-1]
        first = next(dynamo.query_upload(upload_id))
        self.stdout.write(f"Table: the first record of {upload_id}\n  {_line(first)}")
        errors = list(islice(dynamo.query_upload(upload_id, "error"), 5))
        self.stdout.write(f"StatusIndex: error records of {upload_id} (at most 5 shown): {len(errors)}")
        for item in errors:
            self.stdout.write(f"  {_line(item)}")


def _units(text: str) -> int:
    units = int(text)
    if units < 1:
        raise ArgumentTypeError("at least 1 is needed")
    return units


def _answer(question: str) -> str:
    """What the person types; nothing where nobody is there to ask."""
    try:
        return input(question).strip().lower()
    except EOFError:
        return ""


def _active(table: dict[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes") or []
    return table["TableStatus"] == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE" for index in indexes)


def _capacity(part: dict[str, Any]) -> str:
    """The units of the table or of an index, to be added to what is said of it; "" where none are provisioned."""
    units = part.get("ProvisionedThroughput") or {}
    writes, reads = units.get("WriteCapacityUnits", 0), units.get("ReadCapacityUnits", 0)
    return f", {writes:,} write and {reads:,} read units" if writes else ""


def _keys(schema: list[dict[str, str]]) -> str:
    return " + ".join(key["AttributeName"] for key in schema)


def _line(item: dict[str, Any]) -> str:
    facts = (item.get(name) for name in ("record_id", "status", "error_reason"))
    return "  ".join(str(next(iter(fact.values()))) for fact in facts if fact)
