"""D8: why pushes are held back, in words."""

from itertools import chain

from push.health import FAILURES
from push.providers import apns_answers, fcm_answers, proxy, webpush_answers
from push.providers.base import Outcome
from push.reasons import SENTENCES

TABLES = (
    *(apns_answers.WORDS, apns_answers.STATUSES, apns_answers.CLASSES),
    *(fcm_answers.WORDS, fcm_answers.STATUSES, fcm_answers.CLASSES),
    *(webpush_answers.WORDS, webpush_answers.STATUSES, webpush_answers.CLASSES),
    *(proxy.STATUSES, proxy.CLASSES),
)
# What else a provider's answers come to, beside the tables.
WEIGHED = {"other_topic", "sender_mismatch", "answer_lost", "address_refused"}


def test_each_answer_that_holds_a_credential_has_a_sentence_of_its_own() -> None:
    verdicts = chain.from_iterable(table.values() for table in TABLES)
    holding = {word for outcome, word in verdicts if outcome is Outcome.MISCONFIGURED}

    assert {"topic_refused", "wrong_environment"} <= holding
    assert holding | WEIGHED | FAILURES <= SENTENCES.keys()
