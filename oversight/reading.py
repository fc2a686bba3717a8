"""What is asked for by its name or by a word: a record, a file of it, the search."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from agreements.models import AgreementFile, MeetingFile
from doors.permissions import may
from oversight import finding
from oversight.records import PAGES
from partners.dates import today
from projects.models import Evidence

FILES: dict[str, Any] = {str(model._meta.model_name): model for model in (AgreementFile, MeetingFile, Evidence)}


def record(request: HttpRequest, reference: str, model: Any) -> HttpResponse:
    """The page of one record."""
    if request.as_of_faults:  # type: ignore[attr-defined]
        return _refused(request)
    keys = [field.name for field in model._meta.concrete_fields if field.many_to_one]
    found = get_object_or_404(model.objects.select_related(*keys), reference=reference)
    context = {
        "record": found,
        "on": today(),
        "citations": found.citations.select_related("source"),
        **PAGES[model](found, request),
    }
    return render(request, f"{model._meta.app_label}/{model._meta.model_name}_detail.html", context)


def search(request: HttpRequest) -> HttpResponse:
    """One box over the kinds that have pages; `kind` shows more of one."""
    if request.as_of_faults:  # type: ignore[attr-defined]
        return _refused(request)
    words = request.GET.get("q", "").replace("\x00", "")[:200]
    kind = request.GET.get("kind", "")
    if kind and kind not in finding.KINDS:
        raise Http404(_("There is no such kind of record."))
    return render(request, "search.html", {"words": words, "kind": kind, "found": finding.find(words, kind)})


def _refused(request: Any) -> HttpResponse:
    """For pages that are asked for nothing but a day."""
    return render(request, "refused.html", {"faults": request.as_of_faults}, status=400)


def stored_file(request: HttpRequest, kind: str, reference: str) -> FileResponse:
    """A file of a record, to save, never to show: what a browser would run stays outside our origin."""
    model = FILES.get(kind)
    if model is None or not may(request.user, "view", model):
        raise Http404
    rows = model.objects.visible_to(request.user) if hasattr(model.objects, "visible_to") else model.objects.all()
    found = get_object_or_404(rows, reference=reference)
    try:
        content = found.content.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is missing in the store.")) from error
    answer = FileResponse(content, as_attachment=True, filename=found.name, content_type=found.media_type)
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
