"""The relational schema as it was promised: columns, keys, checks, indexes and views."""

import pytest

from tests.schema.plain_sql import COLUMNS, LONG_NAMES, VIEWS, Sql

# The contract: column, type, null or not, and the database's default, in the order that psql's \d shows types.
CONTRACT = {
    "vendors": """
        vendor_id       varchar(50)   not null
        vendor_name     varchar(200)  not null
        email           varchar(255)  not null
        phone           varchar(20)   null
        business_name   varchar(200)  null
        tax_id          varchar(50)   null
        address         text          null
        city            varchar(100)  null
        state           varchar(50)   null
        country         varchar(50)   null      'USA'::character varying
        postal_code     varchar(20)   null
        status          varchar(20)   not null  'active'::character varying
        created_at      timestamptz   not null  now()
        updated_at      timestamptz   not null  now()
        currency        char(3)       not null  'USD'::bpchar
    """,
    "products": """
        product_id         integer        not null  nextval('products_product_id_seq'::regclass)
        vendor_id          varchar(50)    not null
        vendor_product_id  varchar(100)   not null
        product_name       varchar(200)   not null
        category           varchar(100)   not null
        sku                varchar(100)   not null
        brand              varchar(100)   null
        description        text           null
        price              numeric(10,2)  not null
        stock_quantity     integer        not null
        created_at         timestamptz    not null  now()
        updated_at         timestamptz    not null  now()
        currency           char(3)        not null
    """,
    "upload_history": """
        upload_id      varchar(100)  not null
        vendor_id      varchar(50)   not null
        file_name      varchar(255)  not null
        total_records  integer       not null  0
        valid_records  integer       not null  0
        error_records  integer       not null  0
        status         varchar(50)   not null  'processing'::character varying
        file_rows      integer       null
    """,
    "product_categories": """
        category_id      integer       not null  nextval('product_categories_category_id_seq'::regclass)
        category_name    varchar(100)  not null
        parent_category  varchar(100)  null
        is_active        boolean       not null  true
    """,
    "validation_errors": """
        error_id       integer      not null  nextval('validation_errors_error_id_seq'::regclass)
        upload_id      varchar(100) not null
        vendor_id      varchar(50)  not null
        row_number     integer      not null
        error_type     varchar(50)  not null
        error_message  text         not null
        original_data  jsonb        null
        field          varchar(50)  not null  ''::character varying
        suggestion     text         not null  ''::text
        created_at     timestamptz  not null  now()
        resolved_at    timestamptz  null
    """,
}
INDEXES = {
    "idx_vendors_email": "CREATE INDEX idx_vendors_email ON public.vendors USING btree (email)",
    "idx_vendors_status": "CREATE INDEX idx_vendors_status ON public.vendors USING btree (status)",
    "idx_products_vendor": "CREATE INDEX idx_products_vendor ON public.products USING btree (vendor_id)",
    "idx_products_category": "CREATE INDEX idx_products_category ON public.products USING btree (category)",
    "idx_products_sku": "CREATE INDEX idx_products_sku ON public.products USING btree (sku varchar_pattern_ops)",
    "idx_products_search": (
        "CREATE INDEX idx_products_search ON public.products USING gin (to_tsvector('english'::regconfig, "
        "(((product_name)::text || ' '::text) || COALESCE(description, ''::text))))"
    ),
}
CONSTRAINTS = {
    "vendors": {"PRIMARY KEY (vendor_id)", "UNIQUE (email)", "CHECK ((currency ~ '^[A-Z]{3}$'::text))"},
    "products": {
        "PRIMARY KEY (product_id)",
        "UNIQUE (sku)",
        "UNIQUE (vendor_id, vendor_product_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
        "CHECK ((price > (0)::numeric))",
        "CHECK ((stock_quantity >= 0))",
        "CHECK ((currency ~ '^[A-Z]{3}$'::text))",
    },
    "upload_history": {
        "PRIMARY KEY (upload_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
        "CHECK ((total_records = (valid_records + error_records)))",
        "CHECK (((file_rows IS NULL) OR (total_records <= file_rows)))",
    },
    "product_categories": {"PRIMARY KEY (category_id)", "UNIQUE (category_name)"},
    "validation_errors": {
        "PRIMARY KEY (error_id)",
        "FOREIGN KEY (upload_id) REFERENCES upload_history(upload_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
    },
}


def _contract_columns(table: str) -> list[tuple[str, str, bool, str | None]]:
    columns = []
    for line in CONTRACT[table].strip().splitlines():
        name, kind, *rest = line.split(maxsplit=2)
        nullable, _, default = rest[0].partition("null")
        base, bracket, size = kind.partition("(")
        columns.append((name, LONG_NAMES.get(base, base) + bracket + size, nullable != "", default.strip() or None))
    return columns


@pytest.mark.parametrize("table", CONTRACT)
def test_each_table_has_the_columns_types_and_defaults_that_were_promised(db_sql: Sql, table: str) -> None:
    found = {row[0]: row for row in db_sql.execute(COLUMNS, [table])}
    promised = _contract_columns(table)
    assert [found.get(column[0]) for column in promised] == promised


@pytest.mark.parametrize("table", CONTRACT)
def test_what_a_plain_insert_may_leave_out_has_a_default_or_may_be_null(db_sql: Sql, table: str) -> None:
    needed = {name for name, _, not_null, default in db_sql.execute(COLUMNS, [table]) if not_null and default is None}
    assert needed <= {column[0] for column in _contract_columns(table)}


@pytest.mark.parametrize("table", CONSTRAINTS)
def test_each_table_has_the_keys_and_checks_that_were_promised(db_sql: Sql, table: str) -> None:
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
    assert {row[0] for row in db_sql.execute(query, [table])} >= CONSTRAINTS[table]


def test_the_named_indexes_are_there_as_promised_the_search_expression_included(db_sql: Sql) -> None:
    found = dict(db_sql.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'").fetchall())
    assert {name: found.get(name) for name in INDEXES} == INDEXES


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_has_its_columns(db_sql: Sql, view: str) -> None:
    assert db_sql.execute("SELECT 1 FROM pg_views WHERE viewname = %s", [view]).fetchone()
    assert [row[0] for row in db_sql.execute(COLUMNS, [view])] == VIEWS[view]
