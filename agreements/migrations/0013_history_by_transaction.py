"""The histories by transaction, in which order the sync feed reads them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agreements", "0012_term_changes"),
        ("partners", "0006_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="agreementevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_eab45f_idx"),
        ),
        migrations.AddIndex(
            model_name="agreementfileevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_f7ef3d_idx"),
        ),
        migrations.AddIndex(
            model_name="agreementpartyevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_e6f206_idx"),
        ),
        migrations.AddIndex(
            model_name="agreementrelationevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_868c4f_idx"),
        ),
        migrations.AddIndex(
            model_name="agreementsectorsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_b0f084_idx"),
        ),
        migrations.AddIndex(
            model_name="itemreschedulingevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_0fedd6_idx"),
        ),
        migrations.AddIndex(
            model_name="meetingevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_b920b2_idx"),
        ),
        migrations.AddIndex(
            model_name="meetingfileevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_860ff0_idx"),
        ),
        migrations.AddIndex(
            model_name="meetingparticipantevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_e92c9d_idx"),
        ),
        migrations.AddIndex(
            model_name="reopeningevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_4c7da9_idx"),
        ),
        migrations.AddIndex(
            model_name="roadmapareaevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_f4f094_idx"),
        ),
        migrations.AddIndex(
            model_name="roadmapbasisevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_ceeb50_idx"),
        ),
        migrations.AddIndex(
            model_name="roadmapevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_547161_idx"),
        ),
        migrations.AddIndex(
            model_name="roadmapitemcoexecutorsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_6a40c0_idx"),
        ),
        migrations.AddIndex(
            model_name="roadmapitemevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_1550ba_idx"),
        ),
        migrations.AddIndex(
            model_name="termchangeevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_6cb43f_idx"),
        ),
        migrations.AddIndex(
            model_name="workinggroupevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_3b8a12_idx"),
        ),
        migrations.AddIndex(
            model_name="workinggroupsectorsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_506b48_idx"),
        ),
        migrations.AddIndex(
            model_name="workinggroupsidesevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="agreements__pgh_tra_aa2000_idx"),
        ),
    ]
