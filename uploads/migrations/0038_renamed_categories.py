"""What was said of a category by its name goes with it when it gets another one, whoever gives it that.

Severities and thresholds of a category, and rules that read a value as it. Where the new name has one of its own
already, that stays, and the other one with it, under the name that no category has. The version before runs on.
"""

from django.db import migrations

FOLLOW = """
CREATE FUNCTION follow_renamed_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE severity_rules r SET category = NEW.category_name
     WHERE r.category = OLD.category_name
       AND NOT EXISTS (SELECT FROM severity_rules o
                        WHERE o.code = r.code AND o.vendor_id IS NOT DISTINCT FROM r.vendor_id
                          AND o.category = NEW.category_name AND o.counts_from = r.counts_from);
    UPDATE guard_thresholds t SET category = NEW.category_name
     WHERE t.category = OLD.category_name
       AND NOT EXISTS (SELECT FROM guard_thresholds o
                        WHERE o.kind = t.kind AND o.vendor_id IS NOT DISTINCT FROM t.vendor_id
                          AND o.category = NEW.category_name);
    UPDATE value_rules SET right_value = NEW.category_name
     WHERE field = 'category' AND right_value = OLD.category_name;
    RETURN NULL;
END $$;
CREATE TRIGGER product_categories_renamed AFTER UPDATE OF category_name ON product_categories FOR EACH ROW
    WHEN (OLD.category_name <> NEW.category_name) EXECUTE FUNCTION follow_renamed_category();
"""
DO_NOT_FOLLOW = """
DROP TRIGGER product_categories_renamed ON product_categories;
DROP FUNCTION follow_renamed_category;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0037_feed_rows"),
        ("catalog", "0008_gtins"),
    ]

    operations = [migrations.RunSQL(FOLLOW, DO_NOT_FOLLOW)]
