"""Lists of items as ERPs and product databases export them.

Odoo: https://www.odoo.com/documentation/17.0/applications/essentials/export_import_data.html; Akeneo:
https://help.akeneo.com/serenity-connect-your-data/work-with-your-exports; JTL-Wawi: https://guide.jtl-software.com/
jtl-ameise; Business Central: https://learn.microsoft.com/en-us/dynamics365/business-central/inventory-register-new-items.
"""

from typing import Final

from uploads.feed.formats.model import NOT_FOR_SALE, PARENT, SERVICE, Format, Group, Plan, Rule

TAKE: Final = "It can be taken all the same, in the preview."
_YES: Final = ("yes", "true", "1", "ja", "y", "oui", "sí", "si")
_SERVICES: Final = ("service", "services", "dienstleistung", "servicio", "servizio")

ODOO: Final = Format(
    id="odoo",
    name="product export of Odoo",
    headers={
        "external": ("External ID", "id", "Externe ID", "ID externe", "ID externo"),
        "name": ("Name", "Nom", "Nombre", "Product Name"),
        "type": ("Product Type", "type", "detailed_type", "Produktart", "Produkttyp"),
        "reference": (
            "Internal Reference", "default_code", "Interne Referenz", "Référence interne", "Referencia interna",
        ),
        "price": ("Sales Price", "list_price", "Sale Price", "lst_price", "Public Price", "Verkaufspreis"),
        "cost": ("Cost", "standard_price"),
        "quantity": (
            "Quantity On Hand", "qty_available", "Verfügbare Menge", "Vorrätige Menge", "Quantité en stock",
            "Cantidad a mano",
        ),
        "category": (
            "Product Category", "categ_id", "categ_id/complete_name", "Product Category/Complete Name",
            "Product Category/Display Name", "Produktkategorie", "categ_id/name", "categ_id/id", "Product Category/ID",
        ),
        "description": ("Sales Description", "description_sale", "Description for Customers"),
        "variant": ("Variant Values", "Attribute Values", "product_template_attribute_value_ids", "Variantenwerte"),
        "sold": ("Can be Sold", "sale_ok", "Sales"),
        "active": ("Active",),
        "barcode": ("Barcode", "Strichcode", "Code-barres", "Code barre", "Código de barras"),
    },
    signature=(
        ("name", "reference", "price", "quantity"),
        ("name", "reference", "price", "category"),
        ("external", "name", "reference", "price"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("external", "reference"),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("reference",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        options=("variant",),
        option_values=r"(?:[^:,]+:\s*)?([^,]+)",  # Color: Red, Size: M
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        rules=(
            Rule("type", _SERVICES, SERVICE, f"Product Type is “{{}}”: no goods. {TAKE}"),
            Rule("sold", ("false", "0", "no"), NOT_FOR_SALE, f"Can be Sold is “{{}}”. {TAKE}"),
            Rule("active", ("false", "0", "no"), NOT_FOR_SALE, f"Active is “{{}}”. {TAKE}"),
        ),
        paths="/",
    ),
    said=(
        "External ID is the product ID; where it is empty, the SKU.",
        "Internal Reference is the SKU.",
        "Sales Price is the price, Cost isn’t.",
    ),
)  # fmt: skip

AKENEO: Final = Format(
    id="akeneo",
    name="product export of Akeneo",
    headers={
        "sku": ("sku", "identifier", "SKU"),
        "family": ("family",),
        "parent": ("parent",),
        "categories": ("categories",),
        "enabled": ("enabled",),
        "name": ("name-*", "name", "label-*", "erp_name-*", "variation_name-*"),
        "description": ("description-*", "description"),
        "price": ("price-*", "price"),
        "brand": ("brand", "brand-*", "manufacturer"),
        "quantity": ("quantity", "stock", "qty"),
        "barcode": ("gtin", "ean", "ean13", "upc", "barcode"),
    },
    signature=(("sku", "family", "categories", "enabled"), ("sku", "family", "parent", "categories")),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        machine_numbers=True,
        html=True,
        escapes=True,
        rules=(Rule("enabled", ("0", "false", "no"), NOT_FOR_SALE, f"enabled is {{}}. {TAKE}"),),
        group=Group("named", refers="parent", keys=(("sku", ""),)),
        inherited=("product_name", "category", "brand", "description"),
        lists=",",
    ),
    asks={"price": ("price",)},
    said=(
        "The identifier is product ID and SKU.",
        "Of texts in several languages the first that isn’t empty is read.",
    ),
)

JTL: Final = Format(
    id="jtl",
    name="item export of JTL-Wawi",
    headers={
        "number": ("Artikelnummer",),
        "name": ("Artikelname",),
        "short": ("Druck Kurzbeschreibung", "Kurzbeschreibung"),
        "text": ("Druck Beschreibung", "Beschreibung"),
        "brand": ("Hersteller",),
        "category": ("Warengruppe", "Kategorie", "Kategorie Ebene 1"),
        "gross": ("Std. VK Brutto", "Std VK Brutto"),
        "net": ("Std. VK Netto", "Std VK Netto"),
        "available": ("Verfügbar", "Verfügbarer Bestand"),
        "total": ("Lagerbestand Gesamt", "Lagerbestand"),
        "active": ("Aktiv",),
        "gtin": ("GTIN", "EAN"),
        "barcode": ("EAN/Barcode", "GTIN/Barcode", "Barcode"),
    },
    signature=(("number", "name", "gross"), ("number", "name", "net")),
    template=Plan(
        columns={
            "vendor_product_id": ("number",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("number",),
            "price": ("gross", "net"),
            "stock_quantity": ("available", "total"),
            "brand": ("brand",),
            "description": ("text", "short"),
            "gtin": ("gtin", "barcode"),
        },
        barcodes=("barcode",),
        html=True,
        rules=(Rule("active", ("n", "nein", "0", "false"), NOT_FOR_SALE, f"Aktiv is “{{}}”. {TAKE}"),),
        lists="|;",
        paths=">/",
    ),
    asks={"price": ("gross", "net")},
    prefers={"stock_quantity": ("available", "total")},
    said=(
        "Artikelnummer is product ID and SKU.",
        "The stock is Verfügbar (what is in store less what is ordered), where the file has it.",
        "UVP (list price) and EK (cost) are no price. HTML becomes text.",
    ),
)

BUSINESS_CENTRAL: Final = Format(
    id="business_central",
    name="item list of Business Central",
    headers={
        "number": ("No.", "Nr."),
        "name": ("Description", "Beschreibung"),
        "type": ("Type", "Art"),
        "inventory": ("Inventory", "Quantity on Hand", "Lagerbestand"),
        "unit": ("Base Unit of Measure", "Basiseinheit", "Basiseinheitencode"),
        "cost": ("Unit Cost", "Einstandspreis", "Einstandspreis (fest)"),
        "price": ("Unit Price", "VK-Preis"),
        "category": ("Item Category Code", "Artikelkategoriencode", "Artikelkategorie"),
        "blocked": ("Blocked", "Gesperrt", "Sales Blocked", "Verkauf gesperrt"),
        "gtin": ("GTIN",),
    },
    signature=(("number", "name", "unit", "price"), ("number", "name", "cost", "price", "category")),
    template=Plan(
        columns={
            "vendor_product_id": ("number",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("number",),
            "price": ("price",),
            "stock_quantity": ("inventory",),
            "gtin": ("gtin",),
        },
        rules=(
            Rule("blocked", _YES, NOT_FOR_SALE, f"Blocked is “{{}}”. {TAKE}"),
            Rule("type", _SERVICES, SERVICE, f"Type is “{{}}”: no goods. {TAKE}"),
        ),
        paths=">/",
    ),
    said=(
        "No. is product ID and SKU.",
        "There is no column with names; Description is read as the product name, and there is no description.",
        "Unit Price is the price, Unit Cost isn’t.",
    ),
)

ZOHO: Final = Format(
    id="zoho",
    name="item list of Zoho Inventory",
    headers={
        "id": ("Item ID",),
        "name": ("Item Name",),
        "sku": ("SKU",),
        "price": ("Selling Price", "Rate"),
        "type": ("Product Type",),
        "status": ("Status",),
        "stock": ("Stock On Hand", "Quantity On Hand", "Quantity Available"),
        "category": ("Category Name", "Category"),
        "brand": ("Brand", "Manufacturer"),
        "description": ("Sales Description", "Description"),
        "gtin": ("EAN", "UPC", "ISBN"),
    },
    signature=(("id", "name", "sku", "price", "type", "status"),),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("gtin",),
        },
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        rules=(
            Rule("type", _SERVICES, SERVICE, f"Product Type is “{{}}”: no goods. {TAKE}"),
            Rule("status", ("inactive",), NOT_FOR_SALE, f"Status is {{}}. {TAKE}"),
        ),
        paths=">/",
    ),
    prefers={"stock_quantity": ("stock",)},
    said=(
        "Item ID is the product ID. The price is Selling Price, the stock Stock On Hand; Opening Stock and Purchase "
        "Price are neither.",
    ),
)

ERPNEXT: Final = Format(
    id="erpnext",
    name="item list of ERPNext",
    headers={
        "code": ("Item Code",),
        "name": ("Item Name",),
        "group": ("Item Group",),
        "unit": ("Default Unit of Measure",),
        "price": ("Standard Selling Rate",),
        "stock": ("Actual Quantity", "Opening Stock"),
        "disabled": ("Disabled",),
        "has_variants": ("Has Variants",),
        "brand": ("Brand",),
        "description": ("Description",),
        "barcode": ("Barcode", "Barcode (Barcodes)"),
    },
    signature=(("code", "name", "group", "unit", "price"), ("code", "name", "group", "unit", "disabled")),
    template=Plan(
        columns={
            "vendor_product_id": ("code",),
            "product_name": ("name",),
            "category": ("group",),
            "sku": ("code",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        machine_numbers=True,
        html=True,
        rules=(
            Rule("disabled", ("1", "true", "yes"), NOT_FOR_SALE, f"Disabled is {{}}. {TAKE}"),
            Rule("has_variants", ("1", "true", "yes"), PARENT, "It is sold by its variants."),
        ),
    ),
    prefers={"stock_quantity": ("stock",)},
    said=("Item Code is product ID and SKU. The price is Standard Selling Rate; Valuation Rate is a cost.",),
)

QUICKBOOKS: Final = Format(
    id="quickbooks",
    name="list of products and services of QuickBooks",
    headers={
        "name": ("Product/Service Name", "Product/Service", "Item Name"),
        "description": ("Sales Description", "Description"),
        "sku": ("SKU",),
        "type": ("Type", "Item Type"),
        "price": ("Sales Price / Rate", "Sales Price/Rate", "Price"),
        "cost": ("Purchase Cost",),
        "stock": ("Quantity On Hand", "Qty On Hand"),
        "account": ("Income Account",),
        "category": ("Category",),
    },
    signature=(("name", "sku", "type", "price", "account"), ("name", "sku", "type", "price", "cost", "stock")),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "description": ("description",),
        },
        tracker="type",
        untracked=("non-inventory", "noninventory", "non inventory"),
        machine_numbers=True,
        rules=(
            Rule("type", _SERVICES, SERVICE, "Type is “{}”."),
            Rule("type", ("bundle", "category"), NOT_FOR_SALE, f"Type is “{{}}”. {TAKE}"),
        ),
        paths=":>",
    ),
    said=("The price is Sales Price / Rate; Purchase Cost is a cost.",),
)

FORMATS: Final = (ODOO, AKENEO, JTL, BUSINESS_CENTRAL, ZOHO, ERPNEXT, QUICKBOOKS)
