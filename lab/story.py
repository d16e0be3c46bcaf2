"""The main job, step by step on a running installation, told as it goes.

A token, a campaign, the push on a phone of the lab, a tap, a reply, the conversation and its skill,
and a second call that is held back.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import jwt

from lab import brand
from lab.caller import Caller, Reply, Unreachable
from lab.desk_reader import ShownPhone, phones_of

PAUSE = 0.02
# The brand API is asked less often than ten times a second, as an account may.
BRAND_PAUSE = 0.15
Found = TypeVar("Found")
ANSWER = "Thank you! Does this reach sales?"


class StepFailed(Exception):
    """A step did not end as it must."""

    def __init__(self, expected: str, came: object) -> None:
        super().__init__(f"expected {expected}; got {came}")


@dataclass(frozen=True, slots=True)
class Told:
    """One step: its name, what was asked, and what came or, unless `is_held`, what is wrong."""

    name: str
    asked: str
    came: str
    is_held: bool = True


@dataclass(slots=True)
class Story:
    """`patience`: seconds that a push, or a decision, may take."""

    caller: Caller
    patience: float = 10.0
    clock: Callable[[], float] = time.monotonic
    token: str = ""
    campaign: str = ""
    message: str = ""
    phone: str = ""
    conversation: str = ""
    accepted_at: float = 0.0
    body: dict[str, Any] = field(default_factory=brand.sample)

    def tell(self) -> Iterator[Told]:
        """Each step when it is over; the first that fails is the last."""
        steps: tuple[tuple[str, str, Callable[[], str]], ...] = (
            ("Token", "POST /sentinel/…/app/token", self.get_token),
            ("Campaign", "POST /api/v2/…/campaign", self.send_campaign),
            ("Push", f"GET /lab/: {brand.TESTER}’s phone", self.wait_for_push),
            ("Tap", "POST /api/sdk/…/opened", self.tap),
            ("Reply", "POST /api/sdk/…/replies", self.reply),
            ("Conversation", "GET /api/v2/…/conversations", self.find_conversation),
            ("Skill", "GET /lab/: the dialog", self.find_skill),
            ("Second call", "POST /api/v2/…/campaign", self.send_again),
        )
        for name, asked, step in steps:
            try:
                yield Told(name, asked, step())
            except (StepFailed, Unreachable) as error:
                yield Told(name, asked, str(error), is_held=False)
                return

    def get_token(self) -> str:
        reply = checked(self.caller.token(), 200)
        self.token = str(reply.body.get("access_token", ""))
        try:
            claims = jwt.decode(self.token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise StepFailed("a JWT", error) from None
        if claims.get("aud") != str(brand.NUMBER):
            raise StepFailed(f"a token for account {brand.NUMBER}", claims)
        minutes = (claims["exp"] - claims["iat"]) // 60
        return f"200, a JWT for account {claims['aud']}, good for {minutes} min"

    def send_campaign(self) -> str:
        started_at = self.clock()
        self.campaign, self.message = self._send()
        self.accepted_at = self.clock()
        return (
            f"200 in {milliseconds(started_at, self.accepted_at)}, {self.campaign}, "
            f"{brand.TESTER} accepted"
        )

    def _send(self) -> tuple[str, str]:
        """LivePerson's sample as it is; the ids of the campaign and of its one message."""
        reply = checked(self.caller.send(self.token, brand.SAMPLE_BODY), 200)
        accepted = reply.body.get("acceptedConsumers", [])
        refs = [one.get("consumerContent") for one in accepted]
        if refs != [{"inapp": brand.TESTER}] or reply.body.get("failedConsumers") != []:
            raise StepFailed(f"{brand.TESTER} accepted, nobody failed", reply)
        return reply.body["proactiveCampaignId"], accepted[0]["id"]

    def wait_for_push(self) -> str:
        text = self.body["consumers"][0]["variables"]["1"]
        phone = self._wait(self._ringing_phone, "the notification on the phone's lock screen")
        shown_at = self.clock()
        if text not in phone.texts["notif__text"]:
            raise StepFailed(f"“{text}” on the phone", phone.texts["notif__text"])
        self.phone = phone.id
        return f"“{shortened(text, 34)}” {milliseconds(self.accepted_at, shown_at)} later"

    def _ringing_phone(self) -> tuple[ShownPhone | None, object]:
        page = checked(self.caller.lab(), 200)
        phones = list(phones_of(page.text, brand.TESTER))
        if not phones:
            raise StepFailed(f"a phone of {brand.TESTER} in the lab", "a page without one")
        ringing = [phone for phone in phones if self.message in phone.messages]
        return (ringing[0] if ringing else None), "a phone that did not ring"

    def tap(self) -> str:
        reply = checked(self.caller.opened(brand.TESTER, self.message), 200)
        if reply.body.get("recorded") is not True:
            raise StepFailed("the receipt recorded", reply)
        return "200, recorded as opened"

    def reply(self) -> str:
        body = {"text": ANSWER, "messageId": self.message, "clientMessageId": "demo-1"}
        reply = checked(self.caller.reply(brand.TESTER, body), 201)
        self.conversation = str(reply.body.get("conversationId", ""))
        if not self.conversation:
            raise StepFailed("a conversation", reply)
        return f"201, “{ANSWER}”"

    def find_conversation(self) -> str:
        reply = checked(self.caller.conversations(self.token, self.campaign), 200)
        rows = [
            (row.get("id"), row.get("status"), row.get("conversationId"))
            for row in reply.body.get("conversations", [])
        ]
        if rows != [(self.message, "DELIVERED", self.conversation)]:
            raise StepFailed(f"DELIVERED and conversation {self.conversation}", reply)
        return f"200, DELIVERED, {self.conversation}"

    def find_skill(self) -> str:
        page = checked(self.caller.lab(open_phone=self.phone), 200)
        sentences = [
            " ".join(sentence.split())
            for phone in phones_of(page.text, brand.TESTER)
            for sentence in phone.texts["why"]
        ]
        expected = f"To {self.body['skill']}, because this answers “{self.body['campaignName']}”"
        if not any(sentence.startswith(expected) for sentence in sentences):
            raise StepFailed(f"“{expected} …”", sentences)
        return f"“{shortened(sentences[0], 52)}”"

    def send_again(self) -> str:
        campaign, message = self._send()

        def decided() -> tuple[dict[str, Any] | None, object]:
            found = checked(self.caller.recipient(self.token, campaign, message), 200).body
            is_final = found.get("status") not in {"queued", "sending"}
            return (found if is_final else None), found.get("status")

        found = self._wait(decided, "the message suppressed", BRAND_PAUSE)
        outcome = (found.get("status"), found.get("reason"), found.get("attempts"))
        if outcome != ("suppressed", "open_conversation", 0):
            raise StepFailed("suppressed, open_conversation, no push", json.dumps(found))
        return f"200, then suppressed, reason {found['reason']}"

    def _wait(
        self,
        look: Callable[[], tuple[Found | None, object]],
        expected: str,
        pause: float = PAUSE,
    ) -> Found:
        """Look until there is something; `look` tells besides what there is instead."""
        deadline = self.clock() + self.patience
        while True:
            found, instead = look()
            if found is not None:
                return found
            if self.clock() >= deadline:
                raise StepFailed(f"{expected} within {self.patience:g} s", instead)
            time.sleep(pause)


def checked(reply: Reply, status: int) -> Reply:
    """:raises StepFailed: the answer has another status"""
    if reply.status != status:
        raise StepFailed(str(status), reply)
    return reply


def milliseconds(since: float, until: float) -> str:
    return f"{(until - since) * 1000:,.0f} ms"


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
