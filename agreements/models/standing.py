"""How roadmap items stand in spans of days; the words are `RoadmapItemQuerySet`'s, see partners/standing.py."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models.item import ItemRescheduling, Reopening, RoadmapItem
from agreements.models.roadmap import Roadmap
from partners.standing import Standing, writing


class ItemStanding(models.Model):
    """In these days the item was open, of a roadmap that is in force, and had this deadline (or none)."""

    item = models.ForeignKey(
        RoadmapItem,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="standings",
        verbose_name=_("roadmap item"),
    )
    during = DateRangeField(_("during"))
    deadline = models.DateField(_("deadline"), null=True)
    # That of the item, which changes with no day: so that what stands is counted by roadmap from this table alone.
    roadmap_id = models.BigIntegerField(_("roadmap"))

    class Meta:
        default_permissions = ()
        verbose_name = _("standing of an item")
        verbose_name_plural = _("standings of items")
        indexes = [
            models.Index(fields=["item"], include=["during", "deadline"], name="agreements_standing_item"),
            models.Index(fields=["deadline", "item"], include=["during"], name="agreements_standing_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.during}"


ITEMS = Standing(
    ItemStanding,
    "item",
    f"""
    SELECT id, closed_on FROM {RoadmapItem._meta.db_table} JOIN wanted USING (id) WHERE closed_on IS NOT NULL
    UNION SELECT item_id, unnest(ARRAY[closed_on, reopened_on]) FROM {Reopening._meta.db_table}
        WHERE item_id IN (SELECT id FROM wanted)
    UNION SELECT item_id, decided_on FROM {ItemRescheduling._meta.db_table}
        WHERE decision = 'agreed' AND item_id IN (SELECT id FROM wanted)
    """,  # noqa: S608  names of our own tables
    lambda day: RoadmapItem.objects.bound(day),
    (
        *writing(RoadmapItem, "id", "closed_on", "due", "roadmap_id"),
        *writing(Reopening, "item_id"),
        *writing(ItemRescheduling, "item_id"),
        *writing(
            Roadmap,
            "id",
            "status",
            "period",
            through=f"SELECT i.id FROM {RoadmapItem._meta.db_table} i WHERE i.roadmap_id IN ({{ids}})",  # noqa: S608
        )[1:2],
    ),
    ((RoadmapItem, "id = ANY (ids)"), (Reopening, "item_id = ANY (ids)"), (ItemRescheduling, "item_id = ANY (ids)")),
)
