from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from webhooks.worker import Worker


class Command(BaseCommand):
    help = "Tell the subscriptions what changed, until it is stopped. Any number of these may run side by side."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help=_("serve those who are due now, and end"))

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        stopping = threading.Event()
        # The message that is on its way is finished and written down first.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_told: stopping.set())
        Worker(stopping).run(once=once)
