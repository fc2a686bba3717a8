"""The same answers in hand-written SQL: what the database alone needs for them, names of linked records included."""

IN_FORCE = "('signed', 'in_implementation')"

_LINKS = {
    "roadmap": ("agreements_roadmap", "roadmap_id"),
    "area": ("agreements_roadmaparea", "area_id"),
    "lead": ("partners_partner", "lead_id"),
    "counterpart_lead": ("partners_partner", "counterpart_lead_id"),
    "working_group": ("agreements_workinggroup", "working_group_id"),
    "carried_over_to": ("agreements_roadmapitem", "carried_over_to_id"),
}
_JOINS = " ".join(f"LEFT JOIN {table} t_{name} ON t_{name}.id = i.{key}" for name, (table, key) in _LINKS.items())
_HELPERS = (
    "(SELECT json_agg(json_build_object('id', p.id, 'reference', p.reference, 'name', p.name))"
    " FROM agreements_roadmapitem_co_executors x JOIN partners_partner p ON p.id = x.partner_id"
    " WHERE x.roadmapitem_id = i.id) AS co_executors"
)


def link(row: str) -> str:
    return f"json_build_object('id', {row}.id, 'reference', {row}.reference, 'name', {row}.name)"


_NESTED = ", ".join(f"{link(f't_{name}')} AS {name}" for name in _LINKS)
_FLAT = ", ".join(f"t_{n}.id AS {n}_key, t_{n}.reference AS {n}_reference, t_{n}.name AS {n}_name" for n in _LINKS)


def items_as_json(page: str) -> str:
    """One JSON text of the items that the subquery chooses, with the names of what they link to."""
    return (
        f"SELECT json_agg(row_to_json(x))::text FROM (SELECT i.*, {_NESTED}, {_HELPERS} FROM ({page}) i {_JOINS}"  # noqa: S608
        " ORDER BY i.id) x"
    )


FIRST_PAGE = items_as_json("SELECT * FROM agreements_roadmapitem ORDER BY id LIMIT 50")
DEEP_PAGE = items_as_json("SELECT * FROM agreements_roadmapitem WHERE id > %(after)s ORDER BY id LIMIT 50")
SYNC_PAGE = items_as_json("SELECT * FROM agreements_roadmapitem ORDER BY id LIMIT 500")
DETAIL = items_as_json("SELECT * FROM agreements_roadmapitem WHERE id = %(id)s")
ALL_ROWS = f"SELECT i.*, {_FLAT}, {_HELPERS} FROM agreements_roadmapitem i {_JOINS} ORDER BY i.id"  # noqa: S608
ALL_AS_JSON = f"SELECT row_to_json(x) FROM (SELECT i.*, {_NESTED}, {_HELPERS} FROM agreements_roadmapitem i {_JOINS}) x"  # noqa: S608
REPORTED = """
    INSERT INTO projects_statusupdate
        (version, state, stage, confidence, text, next_step, decision_text, author_id, project_id, for_lead)
    SELECT 1, 'draft', 'in_progress', 'on_track', 'Walls are up.', '', '', u.id, %(id)s, FALSE
    FROM accounts_user u WHERE username = 'synthetic-controller'
    RETURNING json_build_array(json_build_object('id', id))::text
"""

_DEADLINE = (
    "COALESCE(upper(CASE WHEN m.id IS NULL THEN {row}.due ELSE m.old_due END) - 1{otherwise})"
    # The first move that was agreed on after the day still shows the deadline of that day.
)
_MOVE = (
    "LEFT JOIN LATERAL (SELECT id, old_due FROM {ledger} WHERE {subject} = {row}.id AND decision = 'agreed'"
    " AND decided_on > %(on)s ORDER BY decided_on, id LIMIT 1) m ON TRUE"
)
_ITEM_DEADLINE = _DEADLINE.format(row="i", otherwise=", upper(r.period) - 1")
_ITEM_MOVE = _MOVE.format(ledger="agreements_itemrescheduling", subject="item_id", row="i")
_LATE_ITEMS = (
    f"SELECT i.*, {_ITEM_DEADLINE} AS deadline, r.counterpart_id FROM agreements_roadmapitem i"  # noqa: S608
    f" JOIN agreements_roadmap r ON r.id = i.roadmap_id {_ITEM_MOVE}"
    f" WHERE r.status IN {IN_FORCE} AND (i.closed_on IS NULL OR i.closed_on > %(on)s) AND {_ITEM_DEADLINE} < %(on)s"
)
OVERDUE_PAGE = items_as_json(
    f"SELECT l.* FROM ({_LATE_ITEMS}) l JOIN agreements_roadmap r ON r.id = l.roadmap_id"  # noqa: S608
    " WHERE r.counterpart_id IN (SELECT id FROM partners_partner WHERE country = %(country)s)"
    " OR r.home_side_id IN (SELECT id FROM partners_partner WHERE country = %(country)s)"
    " OR l.lead_id IN (SELECT id FROM partners_partner WHERE country = %(country)s) ORDER BY l.id LIMIT 50"
)

_LATE_PROJECTS = f"""
    SELECT p.*, d.deadline, first.roadmap_id FROM projects_project p
    LEFT JOIN LATERAL (
        SELECT stage FROM projects_statusupdate WHERE project_id = p.id AND state = 'accepted'
        AND submitted_on <= %(on)s ORDER BY submitted_on DESC, id DESC LIMIT 1) u ON TRUE
    {_MOVE.format(ledger="projects_projectrescheduling", subject="project_id", row="p")}
    LEFT JOIN LATERAL (
        SELECT max(y.deadline) AS deadline, count(*) AS links, count(*) FILTER (WHERE y.binding) AS binding FROM (
            SELECT r.status IN {IN_FORCE} AS binding, CASE WHEN r.status IN {IN_FORCE}
                AND (i.closed_on IS NULL OR i.closed_on > %(on)s) THEN {_ITEM_DEADLINE} END AS deadline
            FROM projects_project_items l JOIN agreements_roadmapitem i ON i.id = l.roadmapitem_id
            JOIN agreements_roadmap r ON r.id = i.roadmap_id {_ITEM_MOVE} WHERE l.project_id = p.id) y) items ON TRUE
    LEFT JOIN LATERAL (
        SELECT i.roadmap_id FROM projects_project_items l JOIN agreements_roadmapitem i ON i.id = l.roadmapitem_id
        WHERE l.project_id = p.id ORDER BY i.roadmap_id, i.position, i.id LIMIT 1) first ON TRUE
    CROSS JOIN LATERAL (SELECT {_DEADLINE.format(row="p", otherwise=", items.deadline")} AS deadline) d
    WHERE (COALESCE(u.stage, p.stage_at_entry) IN ('agreed', 'in_progress', 'suspended')
           OR (COALESCE(u.stage, p.stage_at_entry) = 'planned' AND p.due IS NOT NULL))
      AND (items.links = 0 OR items.binding > 0) AND d.deadline < %(on)s
      AND NOT EXISTS (SELECT 1 FROM projects_project_items l WHERE l.project_id = p.id
                      AND l.roadmapitem_id IN (SELECT id FROM late_items))
"""  # noqa: S608
_ROW = (
    "x.id, x.reference, x.name AS title, {partner} AS partner, {roadmap} AS roadmap, {lead} AS lead,"
    " x.due, x.due_text, x.deadline, %(on)s - x.deadline AS days_late"
).format(partner=link("c"), roadmap=link("r"), lead=link("e"))
REPORT = f"""
    WITH late_items AS MATERIALIZED ({_LATE_ITEMS}), late_projects AS MATERIALIZED ({_LATE_PROJECTS}),
    rows AS (
        SELECT 1 AS part, 'roadmap-item' AS type, {_ROW},
            (SELECT max(p.last_reported_on) FROM projects_project_items l JOIN projects_project p ON p.id = l.project_id
             WHERE l.roadmapitem_id = x.id) AS last_reported_on
        FROM late_items x JOIN agreements_roadmap r ON r.id = x.roadmap_id
        JOIN partners_partner c ON c.id = r.counterpart_id LEFT JOIN partners_partner e ON e.id = x.lead_id
        UNION ALL
        SELECT 2, 'project', {_ROW}, x.last_reported_on
        FROM late_projects x LEFT JOIN agreements_roadmap r ON r.id = x.roadmap_id
        LEFT JOIN LATERAL (SELECT partner_id FROM projects_projectparty
                           WHERE project_id = x.id AND role = 'counterpart' ORDER BY id LIMIT 1) own ON TRUE
        LEFT JOIN partners_partner c ON c.id = COALESCE(own.partner_id, r.counterpart_id)
        LEFT JOIN partners_partner e ON e.id = x.lead_id)
    SELECT json_agg(row_to_json(page) ORDER BY part, deadline, id)::text
    FROM (SELECT * FROM rows ORDER BY part, deadline, id LIMIT 50) page
"""  # noqa: S608
