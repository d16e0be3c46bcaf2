import logging
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections

from lab import stubs
from lab.wire import logs

logger = logging.getLogger(__name__)

PAUSE = 0.1


class Command(BaseCommand):
    help = "Hand to the push lab's phones what the vendors' stubs take; script/server starts it."

    def handle(self, *args: Any, **options: Any) -> None:
        if not stubs.are_there():
            raise CommandError("LAB_STUBS is not set. script/server --providers sets it.")
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(PAUSE):
            try:
                for log in logs():
                    log.ring()
            except (OperationalError, InterfaceError) as error:
                logger.error("The lab found no database: %s", type(error).__name__)
                close_old_connections()
