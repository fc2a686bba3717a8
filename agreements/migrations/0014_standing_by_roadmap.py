from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agreements", "0013_history_by_transaction")]
    operations = [
        # Written anew at the end of the migrations, as the words have it.
        migrations.RunSQL("TRUNCATE agreements_itemstanding", migrations.RunSQL.noop),
        migrations.AddField(
            "itemstanding",
            "roadmap_id",
            models.BigIntegerField(default=0, verbose_name="roadmap"),
            preserve_default=False,
        ),
    ]
