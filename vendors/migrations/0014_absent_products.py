"""What becomes of products that a whole catalog lacks: the vendor says it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0013_retries_by_itself"),
    ]

    operations = [
        migrations.AddField(
            model_name="vendor",
            name="absent_products",
            field=models.CharField(
                choices=[("retired", "they are retired"), ("zero_stock", "their stock is set to 0")],
                db_default="retired",
                default="retired",
                help_text="When a file is sent that replaces the whole catalog.",
                max_length=20,
                verbose_name="products that a whole catalog lacks",
            ),
        ),
    ]
