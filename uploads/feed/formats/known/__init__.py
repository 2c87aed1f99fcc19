"""The formats that are known, as data. Sources are the shops' own descriptions of their exports, named in each.

shopify.py      Shopify: products, inventory
woocommerce.py  WooCommerce, in nine languages
marketplaces.py Google Merchant Center, Meta, Amazon, eBay
magento.py      Magento 2, Magento 1
shops.py        PrestaShop, BigCommerce, Shopware, OpenCart, Zen Cart and osCommerce
builders.py     Wix, Squarespace, Ecwid, Tiendanube, Etsy
tills.py        Square, Lightspeed, Loyverse
erps.py         Odoo, Akeneo, JTL, Business Central, Zoho, ERPNext, QuickBooks
"""
