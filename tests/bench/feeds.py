"""The files that are measured: as the product's own generator makes them, and one with errors that any reader sees."""

import csv
from pathlib import Path

from catalog.rules.values.gtin import check_digit
from uploads.feed import sample

VENDOR = "VEND001"
# The row's position in the turn of errors → the field, and its bad cell.
_BAD_CELLS = (("product_name", ""), ("price", "0.00"), ("category", "Spaceships"), ("stock_quantity", "-3"))


def clean(path: Path, rows: int, seed: int = 1) -> Path:
    """A feed without errors. Another seed gives the same products with other names, prices and stock."""
    with path.open("w", encoding="utf-8", newline="") as out:
        sample.write_feed(out, rows, VENDOR, 0.0, seed)
    return path


def warned(path: Path, rows: int) -> Path:
    """The same with a warning in every row: a description that is too short to say anything."""
    clean(path, rows)
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    for row in lines:
        row[sample.COLUMNS.index("description")] = "Short."
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *lines])
    return path


def complete(path: Path, out: Path) -> Path:
    """The same feed with a GTIN and a picture in every row, which makes it one of all fields."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*header, "gtin", "image_url"])
        for number, line in enumerate(lines):
            gtin = f"400{number * 7919 % 1_000_000_000:09d}"
            writer.writerow([*line, gtin + check_digit(gtin), f"https://pictures.example.com/{number}.jpg"])
    return out


def with_errors(path: Path, rows: int, error_rate: float = 0.05) -> tuple[Path, dict[str, int]]:
    """A feed with every kind of error there is, and how many rows have each."""
    with path.open("w", encoding="utf-8", newline="") as out:
        return path, sample.write_feed(out, rows, VENDOR, error_rate, 1)


def for_all(path: Path, rows: int, every: int = 20) -> Path:
    """A feed in which one row of twenty is wrong, in ways that any reader of CSV and any validator can tell.

    No torn lines, which csv.DictReader and tablib would shift into other columns: the versions should have the same
    work, and come to the same outcome.
    """
    clean(path, rows)
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    for turn, index in enumerate(range(every - 1, rows, every)):
        if turn % 5 == 4:  # the SKU of the row before
            lines[index][sample.COLUMNS.index("sku")] = lines[index - 1][sample.COLUMNS.index("sku")]
        else:
            field, cell = _BAD_CELLS[turn % 5]
            lines[index][sample.COLUMNS.index(field)] = cell
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *lines])
    return path


# What a shop's export has of each row, and the columns beside it that mean nothing to us.
_SHOP_COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams",
    "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Status",
)  # fmt: skip


def of_shop(path: Path, rows: int) -> Path:
    """The products of a shop as it exports them: one of two variants and a further picture, then one of its own."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, _SHOP_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for number in range(rows):
            product, part = divmod(number, 4)
            one = {"Handle": f"product-{product}", "Variant SKU": f"P-{number}", "Variant Inventory Tracker": "shopify"}
            one |= {"Variant Inventory Qty": str(number % 50), "Variant Price": f"{number % 90 + 1}.00"}
            if part in (0, 3):
                text = f"<p>Product {number} of <strong>washed linen</strong>.</p><ul><li>Two pockets</li></ul>"
                one |= {"Title": f"Linen Shirt {number}", "Body (HTML)": text, "Vendor": "Halvarin", "Status": "active"}
                one |= {"Product Category": "Apparel & Accessories > Clothing", "Gift Card": "false"}
            if part == 2:
                one = {"Handle": f"product-{product}", "Image Src": f"https://images.example.com/{number}.jpg"}
            elif part == 3:
                one |= {"Handle": f"single-{product}", "Option1 Name": "Title", "Option1 Value": "Default Title"}
            else:
                one |= {"Option1 Name": "Size", "Option1 Value": "SML"[part]}
            writer.writerow(one)
    return path
