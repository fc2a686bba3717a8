"""What may be uploaded: six kinds of file, told by extension and content alike, up to 20 MB."""

from __future__ import annotations

import hashlib
import zipfile
from typing import IO, Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LARGEST = 20 * 1024 * 1024
OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "txt": "text/plain",
}
BEGINNINGS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def media_type(upload: Any) -> str:
    """The media type of an upload. Raises ValidationError saying what is wrong with its size, name or content."""
    extension = str(upload.name).rpartition(".")[2].lower()
    if extension not in MEDIA_TYPES:
        raise ValidationError(_("“%(name)s”: PDF, DOCX, XLSX, JPEG, PNG and TXT are accepted.") % {"name": upload.name})
    if upload.size > LARGEST:
        raise ValidationError(_("“%(name)s” is larger than 20 MB.") % {"name": upload.name})
    if not upload.size:
        raise ValidationError(_("“%(name)s” is empty.") % {"name": upload.name})
    if not _content_is(extension, upload):
        raise ValidationError(_("“%(name)s” is no %(kind)s inside.") % {"name": upload.name, "kind": extension.upper()})
    return MEDIA_TYPES[extension]


def _content_is(extension: str, content: IO[bytes]) -> bool:
    content.seek(0)
    try:
        if extension in BEGINNINGS:
            return content.read(8).startswith(BEGINNINGS[extension])
        if extension in PARTS:
            return _is_office(content, PARTS[extension])
        return _is_text(content.read())
    finally:
        content.seek(0)


def _is_office(content: IO[bytes], part: str) -> bool:
    """Only the list of entries is read: nothing is unpacked."""
    try:
        names = set(zipfile.ZipFile(content).namelist())
    except zipfile.BadZipFile:
        return False
    return {"[Content_Types].xml", part} <= names


def _is_text(content: bytes) -> bool:
    if b"\x00" in content:
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # What is left of old office systems; every byte but one means something there.
        return b"\x98" not in content
    return True


def digest(content: IO[bytes]) -> str:
    """SHA-256 of the content, as hexadecimal digits."""
    content.seek(0)
    found = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # Django's File reads alike
    content.seek(0)
    return found


def random_name(instance: Any, filename: str) -> str:
    """Where a file is kept: a folder a kind, a name that tells nothing and cannot be guessed."""
    return f"{instance._meta.model_name}/{uuid4().hex}"
