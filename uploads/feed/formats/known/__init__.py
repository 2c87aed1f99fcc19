"""The formats that are known, as data. Sources are the shops' own descriptions of their exports, named in each.

shopify.py      Shopify: products, inventory
woocommerce.py  WooCommerce, in five languages
marketplaces.py Google Merchant Center, Meta, Amazon
shops.py        Magento 2, PrestaShop, Wix, BigCommerce, Square, Lightspeed, Shopware
erps.py         Odoo, Akeneo, JTL, Business Central
"""
