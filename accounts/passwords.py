"""Passwords that whoever knows this house would try first."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# The program, the house and its work. Listed in docs/adr/0024-coming-in.md.
OWN_WORDS = (
    "pacta", "ministry", "minister", "register", "agreement", "roadmap", "partner", "project", "officer", "controller",
    "viewer", "admin", "password", "belarus", "minsk", "министерство", "беларусь", "минск", "договор", "пароль",
)  # fmt: skip
_OWN = re.compile("|".join(OWN_WORDS))
LEAST_BESIDE = 8


class OwnWordsValidator:
    """Refuses what is hardly more than words of the house with a year or a sign."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(_OWN.sub("", password.lower())) < LEAST_BESIDE:
            raise ValidationError(self.get_help_text(), code="password_of_own_words")

    def get_help_text(self) -> str:
        return _("Beside words such as the program’s name your password must have %(number)d characters more.") % {
            "number": LEAST_BESIDE
        }
