"""What another program writes into the table: uploads that nobody opened, good records and bad ones.

All of it follows from the seed and a number. An upload's products and SKUs are its own, so that it makes no difference
in which order uploads come; only the second version of one has the products of the first, and is written when those
have their outcome.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

VENDORS: Final = ("VEND001", "VEND002", "VEND003")
WHOSE: Final = (*VENDORS, *VENDORS, "NOBODY", "")  # the last two: a vendor that isn't known, and none at all
MOST_RECORDS: Final = 40
SECOND_VERSIONS: Final = 3  # each third upload has one

Item = dict[str, Any]


@dataclass(frozen=True)
class Put:
    """An upload of that number, and which version of it; the first may be put more than once."""

    number: int
    version: int = 1

    @property
    def upload_id(self) -> str:
        return f"FOREIGN-{self.number:04d}-{self.version}"


@dataclass(frozen=True)
class Stray:
    """A record under the upload of a vendor's file, of which it is no row."""

    vendor: str
    round: int
    number: int


# What can be special about a record: changes to the cells of its product, or to the item. Of {} there are most.
CELLS: Final[tuple[Item, ...]] = (
    {},
    {},
    {},
    {"price": {"N": "12.5"}, "stock_quantity": {"N": "7"}},
    {"brand": {"NULL": True}},
    {"description": {"S": "Zwölf Töne – 十二音 🎼\nand a second line"}},
    {"price": {"S": "free"}},
    {"price": {"N": "-1"}},
    {"stock_quantity": {"N": "1.5"}},
    {"category": {"S": "Nonsense"}},
    {"sku": {"S": ""}},
    {"product_name": {"L": [{"S": "a list"}]}},
)
ATTRIBUTES: Final[tuple[Item, ...]] = (
    *[{}] * 12,
    {"status": None},  # left out, which means the same
    {"row_number": {"S": "a word"}},
    {"product_data": {"S": "no map"}},
    {"status": {"S": "validated"}},  # nobody is to look at it
)


def items(seed: int, put: Put) -> list[Item]:
    """The records of an upload, in DynamoDB's own wire format."""
    vendor = random.Random(f"{seed}-{put.number}").choice(WHOSE)
    plan = random.Random(f"{seed}-{put.number}-{put.version}")
    return [_item(plan, put, vendor, row) for row in range(1, 1 + plan.randint(1, MOST_RECORDS))]


def _item(plan: random.Random, put: Put, vendor: str, row: int) -> Item:
    product = f"FOREIGN-{put.number:04d}-{row:02d}"
    cells = {
        "vendor_product_id": {"S": product}, "product_name": {"S": f"Product {row} of {put.number}"},
        "category": {"S": plan.choice(("Books", "Electronics"))}, "sku": {"S": product},
        "price": {"S": f"{plan.randint(1, 9)}.99"}, "stock_quantity": {"S": str(plan.randint(0, 9))},
    }  # fmt: skip
    return _without_none(
        {
            "upload_id": {"S": put.upload_id},
            "record_id": {"S": f"R{row}"},
            "vendor_id": {"S": vendor} if vendor else None,
            "product_data": {"M": cells | plan.choice(CELLS)},
            "status": {"S": "pending_validation"},
        }
        | plan.choice(ATTRIBUTES)
    )


def stray_item(upload_id: str, stray: Stray) -> Item:
    """A record that is put beside the rows of this upload."""
    return {
        "upload_id": {"S": upload_id},
        "record_id": {"S": f"STRAY_{stray.number}"},
        "vendor_id": {"S": stray.vendor},
        "product_data": {"M": {"sku": {"S": f"STRAY-{stray.vendor}-{stray.round}-{stray.number}"}}},
    }


def _without_none(item: Item) -> Item:
    return {name: value for name, value in item.items() if value is not None}


def is_pending(item: Item) -> bool:
    """Whether a record wants an outcome."""
    return bool(item.get("status", {"S": "pending_validation"})["S"] == "pending_validation")
