"""Loads fixtures/ into the register: all or nothing, every fault named, users' edits and deletions kept.

The way of a record: JSON -> `Row`s (the record, then its parts) -> sorted by what they refer to -> `full_clean`
-> saved.
A reference that was ever in the register is not entered again: what users deleted stays deleted. A row that no user
has touched follows its fixture (deadlines excepted: these move only by a rescheduling).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pghistory
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from agreements.models import (
    Agreement,
    AgreementParty,
    AgreementRelation,
    Meeting,
    MeetingParticipant,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    WorkingGroup,
)
from partners.models import Citation, Cited, Partner, PartnerAlias, Record, Reference, Sector, Source
from projects.models import Indicator, Observation, Project, ProjectMeasure, ProjectParty, Target


@dataclass(frozen=True)
class Part:
    """A list inside a record whose entries are rows of their own; `link` names the entry, else its position does."""

    model: type[Record]
    parent: str
    suffix: str
    link: str = ""


PARTS: dict[tuple[type[Record], str], Part] = {
    (Partner, "aliases"): Part(PartnerAlias, "partner", "alias"),
    (Meeting, "participants"): Part(MeetingParticipant, "meeting", "participant", "partner"),
    (Agreement, "parties"): Part(AgreementParty, "agreement", "party", "partner"),
    (Agreement, "relations"): Part(AgreementRelation, "agreement", "relation", "to"),
    (Project, "parties"): Part(ProjectParty, "project", "party", "partner"),
    (Project, "measures"): Part(ProjectMeasure, "project", "measure"),
    (Indicator, "targets"): Part(Target, "indicator", "target"),
    (Indicator, "observations"): Part(Observation, "indicator", "observation"),
}
FILES: dict[str, type[Record]] = {
    "sectors": Sector,
    "sources": Source,
    "partners": Partner,
    "working_groups": WorkingGroup,
    "meetings": Meeting,
    "agreements": Agreement,
    "roadmaps": Roadmap,
    "roadmap_areas": RoadmapArea,
    "roadmap_items": RoadmapItem,
    "projects": Project,
    "indicators": Indicator,
}
# Entered once and then moved only by the ledger.
DEADLINES = {"due"}


@dataclass
class Row:
    """One row to be: where it stands, its model and its raw values; `record` is what a citation hangs on."""

    file: str
    reference: str
    model: type[Record]
    values: dict[str, Any]
    further: list[str] = field(default_factory=list)
    record: str = ""


@dataclass
class Outcome:
    """What a run did, in rows."""

    created: int = 0
    corrected: int = 0
    faults: list[str] = field(default_factory=list)


class Seeder:
    """One run over a folder of fixtures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outcome = Outcome()
        self.objects: dict[str, Any] = {}
        self.faulty: set[str] = set()
        self.links: list[tuple[Row, Any, str, list[str]]] = []

    def run(self) -> Outcome:
        """Load everything, or nothing when there is any fault."""
        with transaction.atomic(), pghistory.context(door="seed"):
            rows = self._sorted(self._unique(self._read()))
            self.known = dict(Reference.objects.values_list("code", "model"))
            self._find_existing()
            for row in rows:
                self._load(row)
            self._link()
            if self.outcome.faults:
                transaction.set_rollback(True)
        return self.outcome

    def fault(self, row: Row, field_name: str, message: object) -> None:
        self.faulty.add(row.reference)
        self.outcome.faults.append(f"{row.file}.json: {row.reference}: {field_name}: {message}")

    # Reading

    def _read(self) -> Iterator[Row]:
        for file, model in FILES.items():
            for number, record in enumerate(self._records(file), start=1):
                yield from self._rows(file, model, record, number)

    def _records(self, file: str) -> list[Any]:
        path = self.folder / f"{file}.json"
        try:
            records = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal) if path.exists() else []
        except ValueError as error:
            self.outcome.faults.append(f"{file}.json: {_('is not JSON')}: {error}")
            return []
        return records if isinstance(records, list) else []

    def _rows(self, file: str, model: type[Record], record: Any, number: int) -> Iterator[Row]:
        if not isinstance(record, dict) or not isinstance(record.get("reference"), str):
            self.outcome.faults.append(f"{file}.json: {number}: reference: {_('is missing')}")
            return
        values = dict(record)
        row = Row(file, values.pop("reference"), model, values, further=values.pop("also", []))
        parts = list(self._parts(row))
        yield row
        yield from parts

    def _parts(self, row: Row) -> Iterator[Row]:
        cited = row.values.pop("citations", [])
        if issubclass(row.model, Cited) and not cited:
            self.fault(row, "citations", _("a record rests on at least one source"))
        used: dict[str, int] = {}
        for citation in cited:
            source = str(citation.get("source"))
            used[source] = used.get(source, 0) + 1
            again = f"-{used[source]}" if used[source] > 1 else ""
            yield Row(row.file, f"{row.reference}-cite-{source}{again}", Citation, dict(citation), record=row.reference)
        for key in [key for key in row.values if (row.model, key) in PARTS]:
            part = PARTS[row.model, key]
            for position, entry in enumerate(row.values.pop(key), start=1):
                name = entry.get(part.link, position) if part.link else position
                values = {part.parent: row.reference, **entry}
                yield Row(row.file, f"{row.reference}-{part.suffix}-{name}", part.model, values)

    def _unique(self, rows: Iterable[Row]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for row in rows:
            if row.reference in found:
                self.fault(row, "reference", _("stands twice"))
            found.setdefault(row.reference, row)
        return found

    def _sorted(self, rows: dict[str, Row]) -> list[Row]:
        """Each row after those it refers to."""
        graph = {reference: set(self._targets(row)) & rows.keys() for reference, row in rows.items()}
        try:
            return [rows[reference] for reference in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            self.outcome.faults.append(f"{_('These records refer to each other in a circle')}: {circle}")
            return []

    def _targets(self, row: Row) -> Iterator[str]:
        if row.record:
            yield row.record
        for key, value in row.values.items():
            if isinstance(value, str) and self._is_foreign_key(row.model, key):
                yield value

    @staticmethod
    def _is_foreign_key(model: type[Record], key: str) -> bool:
        try:
            return isinstance(model._meta.get_field(key), models.ForeignKey)
        except FieldDoesNotExist:
            return False

    # Loading

    def _find_existing(self) -> None:
        self.touched: dict[type[Record], set[int]] = {}
        every: set[Any] = {*FILES.values(), *(part.model for part in PARTS.values()), Citation}
        for model in every:
            self.objects.update({row.reference: row for row in model._default_manager.all()})
            events = model._meta.get_field("events").related_model._default_manager
            by_users = events.filter(pgh_context__user__isnull=False)
            self.touched[model] = set(by_users.values_list("pgh_obj_id", flat=True))

    def _load(self, row: Row) -> None:
        if row.reference in self.known and row.reference not in self.objects:
            return  # deleted by a user
        found = self.objects.get(row.reference)
        if found is not None and (type(found) is not row.model or found.pk in self.touched[row.model]):
            return
        model: Any = row.model
        instance = found or model(reference=row.reference)
        before = None if found is None else _state(found)
        if not self._fill(row, instance, is_new=found is None):
            return
        if before == _state(instance):
            return  # as the database holds it, and so valid
        if not self._valid(row, instance):
            return
        self.objects[row.reference] = instance
        instance.save()
        self.outcome.created += found is None
        self.outcome.corrected += found is not None
        if found is None:
            self._name_further(row, instance)

    def _fill(self, row: Row, instance: Any, *, is_new: bool) -> bool:
        """Set the values. False when something named there is missing or faulty itself."""
        if row.record and not self._attach(row, instance):
            return False
        for key, value in row.values.items():
            if key in DEADLINES and not is_new:
                continue
            if not self._set(row, instance, key, value, is_new=is_new):
                return False
        return True

    def _attach(self, row: Row, instance: Any) -> bool:
        record = self.objects.get(row.record)
        if record is None:
            return False
        instance.content_type = ContentType.objects.get_for_model(record)
        instance.object_id = record.pk
        return True

    def _set(self, row: Row, instance: Any, key: str, value: Any, *, is_new: bool) -> bool:
        try:
            model_field = row.model._meta.get_field(key)
        except FieldDoesNotExist:
            self.fault(row, key, _("there is no such field"))
            return False
        if isinstance(model_field, models.ManyToManyField):
            if is_new:
                self.links.append((row, instance, key, list(value)))
        elif isinstance(model_field, models.ForeignKey):
            return self._refer(row, instance, model_field, value)
        else:
            setattr(instance, key, value)
        return True

    def _refer(self, row: Row, instance: Any, model_field: Any, value: str) -> bool:
        target = self._target(row, model_field, value)
        if target is not None:
            setattr(instance, model_field.name, target)
        return target is not None

    def _target(self, row: Row, model_field: Any, value: str) -> Any:
        target = self.objects.get(value)
        if isinstance(target, model_field.related_model):
            return target
        if value not in self.faulty:  # a faulty record is named once, not again by all that refer to it
            self.fault(row, model_field.name, _("“%(value)s” is no known record of that kind") % {"value": value})
        self.faulty.add(row.reference)
        return None

    def _valid(self, row: Row, instance: Any) -> bool:
        try:
            instance.full_clean()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                for message in messages:
                    self.fault(row, name, message)
            return False
        return row.reference not in self.faulty

    @staticmethod
    def _name_further(row: Row, instance: Any) -> None:
        for code in row.further:
            Reference.objects.get_or_create(
                code=code,
                defaults={"model": row.model._meta.label_lower, "object_id": instance.pk, "is_further": True},
            )

    def _link(self) -> None:
        for row, instance, key, references in self.links:
            if instance.pk is None:
                continue
            model_field = row.model._meta.get_field(key)
            targets = [self._target(row, model_field, reference) for reference in references]
            getattr(instance, key).add(*[target for target in targets if target is not None])


def _state(instance: Any) -> dict[str, Any]:
    """The values as the database would hold them, for telling whether anything changed."""
    state = {}
    for model_field in instance._meta.concrete_fields:
        try:
            state[model_field.attname] = model_field.to_python(getattr(instance, model_field.attname))
        except (ValidationError, TypeError):
            state[model_field.attname] = getattr(instance, model_field.attname)
    return state


def seed(folder: Path) -> Outcome:
    """Load the fixtures of a folder. With any fault nothing is stored; `Outcome.faults` names each."""
    return Seeder(folder).run()
