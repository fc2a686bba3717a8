"""The histories by transaction, in which order the sync feed reads them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agreements", "0013_history_by_transaction"),
        ("partners", "0009_history_by_transaction"),
        ("projects", "0010_standing"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="evidenceevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_ev_pgh_tra_4b2007_idx"),
        ),
        migrations.AddIndex(
            model_name="indicatorevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_in_pgh_tra_b1d554_idx"),
        ),
        migrations.AddIndex(
            model_name="milestoneevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_mi_pgh_tra_e1e3f2_idx"),
        ),
        migrations.AddIndex(
            model_name="observationevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_ob_pgh_tra_401c01_idx"),
        ),
        migrations.AddIndex(
            model_name="projectevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_2f37e4_idx"),
        ),
        migrations.AddIndex(
            model_name="projectitemsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_860a1d_idx"),
        ),
        migrations.AddIndex(
            model_name="projectmeasureevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_0c4ff7_idx"),
        ),
        migrations.AddIndex(
            model_name="projectpartyevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_1e35f9_idx"),
        ),
        migrations.AddIndex(
            model_name="projectraisedatevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_2c8c34_idx"),
        ),
        migrations.AddIndex(
            model_name="projectreschedulingevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_cb2892_idx"),
        ),
        migrations.AddIndex(
            model_name="projectsectorsevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_pr_pgh_tra_23ba4e_idx"),
        ),
        migrations.AddIndex(
            model_name="statusupdateevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_st_pgh_tra_bf5c0c_idx"),
        ),
        migrations.AddIndex(
            model_name="targetevent",
            index=models.Index(fields=["pgh_transaction", "pgh_id"], name="projects_ta_pgh_tra_b13ebe_idx"),
        ),
    ]
