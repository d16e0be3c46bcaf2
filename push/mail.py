"""Tells a brand's administrators that a provider refuses the credential of one of their apps."""

from datetime import datetime

from accounts.notices import tell_administrators
from push.models import Breaker
from push.reasons import sentence


def send_notices(*, now: datetime) -> None:
    """Mail each notice that is due, once; a mail that the server refused is due again."""
    due = Breaker.objects.filter(is_notice_due=True, credential__isnull=False)
    due = due.select_related("credential__account", "credential__app").defer("credential__sealed")
    for breaker in due.order_by("pk"):
        # One mail a credential, whatever the number of its hosts.
        waiting = Breaker.objects.filter(credential=breaker.credential_id, is_notice_due=True)
        if waiting.update(is_notice_due=False, noticed_at=now):
            _send(breaker)


def _send(breaker: Breaker) -> None:
    credential = breaker.credential
    assert credential is not None
    is_done = tell_administrators(
        account_id=credential.account_id,
        subject=f"The push credential of {credential.app} is refused",
        template="push/mail/refused.txt",
        context={
            "breaker": breaker,
            "credential": credential,
            "sentence": sentence(breaker.reason),
        },
    )
    if not is_done:
        Breaker.objects.filter(pk=breaker.pk).update(is_notice_due=True)
