"""The 20 categories that validation knows from the start."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from catalog.models import ProductCategory
from security.log import note
from security.models import Kind

# name → parent
CATEGORIES: dict[str, str | None] = {
    "Electronics": None,
    "Computers & Accessories": "Electronics",
    "Mobile Phones": "Electronics",
    "Clothing": None,
    "Shoes": "Clothing",
    "Jewelry & Watches": "Clothing",
    "Home & Garden": None,
    "Furniture": "Home & Garden",
    "Kitchen & Dining": "Home & Garden",
    "Tools & Hardware": "Home & Garden",
    "Sports & Outdoors": None,
    "Toys & Games": None,
    "Books": None,
    "Music & Movies": None,
    "Health & Beauty": None,
    "Grocery & Food": None,
    "Baby Products": None,
    "Pet Supplies": None,
    "Automotive": None,
    "Office Supplies": None,
}


class Command(BaseCommand):
    help = "Load those of the 20 product categories that are missing. Running it again changes nothing."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        before = ProductCategory.objects.count()
        ProductCategory.objects.bulk_create(
            [ProductCategory(category_name=name, parent_category=parent) for name, parent in CATEGORIES.items()],
            ignore_conflicts=True,
        )
        total = ProductCategory.objects.count()
        if added := total - before:  # written past the models, so that nothing else notes it
            note(Kind.SETTING_CHANGED, about="product categories", detail=f"{added} added by seed_categories")
        self.stdout.write(f"{added} categories added, {total} in all.")
