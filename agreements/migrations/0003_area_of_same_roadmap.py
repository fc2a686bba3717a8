"""An item's area belongs to the item's roadmap: a foreign key over both columns, which Django cannot spell."""

from django.db import migrations

FORWARD = """
ALTER TABLE agreements_roadmaparea ADD CONSTRAINT agreements_roadmaparea_with_roadmap UNIQUE (id, roadmap_id);
ALTER TABLE agreements_roadmapitem ADD CONSTRAINT agreements_roadmapitem_area_of_same_roadmap
    FOREIGN KEY (area_id, roadmap_id) REFERENCES agreements_roadmaparea (id, roadmap_id);
"""
BACKWARD = """
ALTER TABLE agreements_roadmapitem DROP CONSTRAINT agreements_roadmapitem_area_of_same_roadmap;
ALTER TABLE agreements_roadmaparea DROP CONSTRAINT agreements_roadmaparea_with_roadmap;
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
