"""Celery tasks, three lines each: the database is the queue, the broker only rings the bell."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from celery import current_app, shared_task

from compliance.notices.delivery import write_letters_of_the_day
from compliance.notices.events import announce
from compliance.notices.post import send_waiting
from compliance.notices.reminders import remind
from compliance.reports.build import build_report, remove_left_folders, waiting_reports
from compliance.reports.preview import build_preview, forget_previews, waiting_previews
from compliance.webhooks.events import write_deliveries
from compliance.webhooks.post import forget_old
from compliance.webhooks.post import send_waiting as send_messages

log = logging.getLogger(__name__)

# The page that asked is waiting: one more try, and no long silence. Without these, a broker that
# is down holds it for six seconds.
_IMPATIENT = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    "socket_connect_timeout": 2,
}


@shared_task(name="compliance.tasks.render_report")
def render_report(report_id: str) -> None:
    """Make one report."""
    build_report(report_id)


@shared_task(name="compliance.tasks.render_preview")
def render_preview(preview_id: str) -> None:
    """Make one preview of a draft."""
    build_preview(preview_id)


@shared_task(name="compliance.tasks.sweep_reports")
def sweep_reports() -> None:
    """Ask again for every report and preview whose message, or whose worker, was lost."""
    remove_left_folders()
    forget_previews()
    for report_id in waiting_reports():
        ask_for(report_id)
    for preview_id in waiting_previews():
        ask_for_preview(preview_id)


@shared_task(name="compliance.tasks.tell")
def tell() -> None:
    """Tell people what happened, and send the letters that wait."""
    announce()
    send_waiting()


@shared_task(name="compliance.tasks.tell_of_the_day")
def tell_of_the_day() -> None:
    """Remind of what is due, and write the letter of the day; each once, however often asked."""
    remind()
    write_letters_of_the_day()
    forget_old()


@shared_task(name="compliance.tasks.tell_webhooks")
def tell_webhooks() -> None:
    """Write what happened for the webhooks that listen, and send the messages that wait."""
    write_deliveries()
    send_messages()


def ask_for(report_id: UUID) -> None:
    """Ring the bell for a report; never raises, the sweep finds rows that nobody heard of."""
    _ring(render_report, str(report_id))


def ask_for_preview(preview_id: UUID) -> None:
    """Ring the bell for a preview; never raises, the sweep finds rows that nobody heard of."""
    _ring(render_preview, str(preview_id))


def ask_for_webhooks() -> None:
    """Ring the bell for messages that should not wait for the next round; never raises."""
    _ring(tell_webhooks)


def _ring(task: Any, *args: str) -> None:
    options = {**current_app.conf.broker_transport_options, **_IMPATIENT}
    try:
        with current_app.connection_for_write(transport_options=options) as connection:
            task.apply_async(args, connection=connection, retry=False)
    except Exception as error:
        log.warning("%s %s waits for the next sweep: %s", task.name, args, error)
