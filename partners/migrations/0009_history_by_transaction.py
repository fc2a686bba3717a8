"""The histories by transaction, in which order the sync feed reads them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("partners", "0008_long_references"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="citationevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_ci_pgh_tra_603aae_idx"),
        ),
        migrations.AddIndex(
            model_name="contactevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_co_pgh_tra_bbcd1f_idx"),
        ),
        migrations.AddIndex(
            model_name="partneraliasevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_pa_pgh_tra_d7f290_idx"),
        ),
        migrations.AddIndex(
            model_name="partnerevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_pa_pgh_tra_0bae5a_idx"),
        ),
        migrations.AddIndex(
            model_name="partnerfoundersevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_pa_pgh_tra_aecb82_idx"),
        ),
        migrations.AddIndex(
            model_name="partnersectorsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_pa_pgh_tra_d00a61_idx"),
        ),
        migrations.AddIndex(
            model_name="sectorevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_se_pgh_tra_8236e2_idx"),
        ),
        migrations.AddIndex(
            model_name="sourceevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="partners_so_pgh_tra_dcb454_idx"),
        ),
    ]
