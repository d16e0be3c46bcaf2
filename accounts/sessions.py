"""Sessions of people who sign in, in the database: what has ended is of no use there."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef


def forget_ended(*, now: datetime) -> int:
    """Delete those whose time is over, and what is listed of them; tell how many."""
    ended = Session.objects.filter(expire_date__lte=now).delete()[0]
    own = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(own)).delete()
    return int(ended)
