"""Who may do what: one table for the admin, the API and the pages. What has no row is refused, and a test fails.

Everybody reads; the exceptions are named. Rows of single records (an officer's own projects, one's own drafts) are the
QuerySets' word `writable_by`; who decides on what is checked again by the verbs themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import Role

Roles = frozenset[str]
NOBODY: Roles = frozenset()
ADMINISTRATORS: Roles = frozenset({Role.ADMINISTRATOR})
KEEPERS: Roles = frozenset({Role.CONTROLLER, Role.ADMINISTRATOR})
REPORTERS: Roles = frozenset({Role.OFFICER, Role.CONTROLLER})
STAFF: Roles = frozenset({Role.OFFICER, Role.CONTROLLER, Role.ADMINISTRATOR})
EVERYBODY: Roles = frozenset(Role.values)


@dataclass(frozen=True)
class Rights:
    """The roles that may view, add, change and delete the rows of a model."""

    view: Roles = EVERYBODY
    add: Roles = NOBODY
    change: Roles = NOBODY
    delete: Roles = NOBODY


KEPT = Rights(add=ADMINISTRATORS, change=ADMINISTRATORS, delete=ADMINISTRATORS)
LEDGER = Rights()

MODELS: dict[str, Rights] = {
    "partners.sector": KEPT,
    "partners.source": KEPT,
    "partners.citation": Rights(add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "partners.partner": KEPT,
    "partners.partneralias": KEPT,
    "partners.contact": Rights(view=STAFF, add=ADMINISTRATORS, change=ADMINISTRATORS, delete=ADMINISTRATORS),
    "agreements.agreement": KEPT,
    "agreements.agreementparty": KEPT,
    "agreements.agreementrelation": KEPT,
    "agreements.termchange": KEPT,
    "agreements.agreementfile": KEPT,
    "agreements.workinggroup": KEPT,
    "agreements.meeting": KEPT,
    "agreements.meetingparticipant": KEPT,
    "agreements.meetingfile": KEPT,
    "agreements.roadmap": KEPT,
    "agreements.roadmaparea": KEPT,
    "agreements.roadmapitem": KEPT,
    "agreements.itemrescheduling": LEDGER,
    "agreements.reopening": LEDGER,
    "projects.project": Rights(add=KEEPERS, change=KEEPERS, delete=ADMINISTRATORS),
    "projects.projectparty": Rights(add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "projects.projectmeasure": Rights(add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "projects.projectrescheduling": LEDGER,
    "projects.milestone": Rights(add=STAFF, change=STAFF, delete=KEEPERS),
    "projects.statusupdate": Rights(add=REPORTERS, change=REPORTERS),
    "projects.evidence": Rights(add=REPORTERS, change=NOBODY, delete=REPORTERS),
    "oversight.move": LEDGER,
    "projects.indicator": Rights(add=KEEPERS, change=KEEPERS, delete=ADMINISTRATORS),
    "projects.target": Rights(add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "projects.observation": Rights(add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "webhooks.alloweddestination": Rights(
        view=ADMINISTRATORS, add=ADMINISTRATORS, change=ADMINISTRATORS, delete=ADMINISTRATORS
    ),
    "webhooks.subscription": Rights(view=ADMINISTRATORS, add=ADMINISTRATORS, change=ADMINISTRATORS),
    "webhooks.delivery": Rights(view=ADMINISTRATORS),
}
# What is no change of one row: the verbs, by model and name.
VERBS: dict[str, Roles] = {
    "projects.project.report": REPORTERS,
    "projects.project.no_change": REPORTERS,
    "projects.project.reschedule": REPORTERS,
    "projects.statusupdate.submit": REPORTERS,
    "projects.statusupdate.resubmit": REPORTERS,
    "projects.statusupdate.attach": REPORTERS,
    "projects.statusupdate.accept": frozenset({Role.CONTROLLER}),
    "projects.statusupdate.return": frozenset({Role.CONTROLLER}),
    "projects.projectrescheduling.agree": frozenset({Role.CONTROLLER}),
    "projects.projectrescheduling.refuse": frozenset({Role.CONTROLLER}),
    "agreements.itemrescheduling.agree": frozenset({Role.CONTROLLER}),
    "agreements.itemrescheduling.refuse": frozenset({Role.CONTROLLER}),
    "agreements.roadmapitem.start": REPORTERS,
    "agreements.roadmapitem.correct_due": ADMINISTRATORS,
    "agreements.roadmap.complete": frozenset({Role.CONTROLLER}),
    "agreements.roadmap.expire": frozenset({Role.CONTROLLER}),
    "projects.project.correct_due": ADMINISTRATORS,
    "agreements.roadmapitem.reschedule": REPORTERS,
    "agreements.roadmapitem.close": frozenset({Role.CONTROLLER}),
    "agreements.roadmapitem.reopen": frozenset({Role.CONTROLLER}),
    "webhooks.subscription.ping": ADMINISTRATORS,
    "webhooks.subscription.pause": ADMINISTRATORS,
    "webhooks.subscription.resume": ADMINISTRATORS,
    "webhooks.subscription.replay": ADMINISTRATORS,
    "webhooks.subscription.rotate_secret": ADMINISTRATORS,
}


def may(user: Any, action: str, model: Any) -> bool:
    """Whether one of the user's roles may do `view`, `add`, `change` or `delete` to rows of the model."""
    rights = MODELS.get(model._meta.label_lower)
    return rights is not None and bool(roles_of(user) & getattr(rights, action))


def may_verb(user: Any, verb: str) -> bool:
    """Whether one of the user's roles may do the verb, named as in VERBS."""
    return bool(roles_of(user) & VERBS.get(verb, NOBODY))


def roles_of(user: Any) -> Roles:
    """The user's roles; a superuser is an administrator, and by that no controller."""
    roles = frozenset(user.roles)
    return roles | ADMINISTRATORS if user.is_superuser else roles


def may_write(user: Any, record: Any) -> bool:
    """Whether the user may change this very record: by his role, and by the QuerySet's word where rows differ."""
    rows = type(record)._default_manager
    if not may(user, "change", type(record)):
        return False
    return not hasattr(rows, "writable_by") or rows.writable_by(user).filter(pk=record.pk).exists()
