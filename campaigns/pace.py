"""Send rates (D8): of an account that has one, no more messages go than a second brings."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.models import Account
from campaigns.ledger import Settled
from campaigns.sending import Sending, wait_until
from common.limits import limiter
from common.pacing import Wanted
from handoffs.models import Channel

SEND_RATE = "send_rate"
TOKENS = f"send:{Channel.INAPP}"


def has_send_rates() -> bool:
    return Account.objects.filter(messages_per_second__isnull=False).exists()


class Pace:
    """The accounts that have a send rate, as one batch meets them."""

    def __init__(self) -> None:
        rated = Account.objects.filter(messages_per_second__isnull=False)
        rows = rated.values_list("pk", "messages_per_second")
        self.rates = {account: rate for account, rate in rows if rate}

    def quotas(self) -> dict[int, int]:
        """How many messages of each may go now; claiming more would be for nothing."""
        return {account: left for account, (_, left) in self._take(Counter()).items()}

    def let_go(
        self, sendings: Sequence[Sending], now: datetime
    ) -> tuple[list[Sending], list[Settled]]:
        """Those that may go, and the others put back until their turn. A probe always may."""
        asked = Counter(s.row.account_id for s in sendings if self._is_paced(s))
        if not asked:
            return list(sendings), []
        left = {account: taken for account, (taken, _) in self._take(asked).items()}
        going, put_back = [], []
        late: Counter[int] = Counter()
        for sending in sendings:
            account = sending.row.account_id
            if not self._is_paced(sending):
                going.append(sending)
            elif left[account] > 0:
                left[account] -= 1
                going.append(sending)
            else:
                late[account] += 1
                turn = now + timedelta(seconds=late[account] / self.rates[account])
                put_back.append(wait_until(sending.row, turn, SEND_RATE))
        return going, put_back

    def _is_paced(self, sending: Sending) -> bool:
        return sending.row.account_id in self.rates and not sending.is_probe

    def _take(self, asked: Counter[int]) -> dict[int, tuple[int, int]]:
        wanted = {
            str(account): Wanted(rate, asked[account])
            for account, rate in self.rates.items()
            if not asked or account in asked
        }
        taken = limiter().take_tokens(TOKENS, wanted)
        return {int(account): (one.count, one.left) for account, one in taken.items()}
