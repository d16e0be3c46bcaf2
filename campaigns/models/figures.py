"""Counts of what became of messages, fresh and by day."""

from typing import ClassVar

from django.db import models
from django.db.models import Q, Sum

from campaigns.models.messages import Campaign


class TallyQuerySet(models.QuerySet["CampaignTally"]):
    def totals(self) -> dict[str, int]:
        """Count by state, folded rows and fresh deltas together."""
        return dict(self.values_list("state").annotate(total=Sum("n")))


class CampaignTally(models.Model):
    """Counts as deltas: a page sums them, a job folds them, nobody updates one in the hot path.

    ``state`` is ``accepted``, a final state, ``delivered`` or ``opened``. A row that is rolled is
    in `DailyFigure` too.
    """

    account_id = models.BigIntegerField()
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="tallies", db_index=False
    )
    app_name = models.CharField(max_length=155, blank=True)
    handoff_id = models.BigIntegerField()
    skill_id = models.BigIntegerField()
    day = models.DateField(help_text="Day of acceptance, UTC.")
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, blank=True)
    n = models.IntegerField()
    is_rolled = models.BooleanField(default=False, db_default=False)

    objects = TallyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["campaign", "state"], name="tally_by_campaign"),
            models.Index(fields=["account_id", "day"], name="tally_by_day"),
            models.Index(
                fields=["account_id"], condition=Q(is_rolled=False), name="tally_unrolled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.n:+d}"


class DailyFigure(models.Model):
    """What became of the messages of a day, over all campaigns, for the analytics.

    The sum of rolled tallies and of counted answers (``state`` ``replied``); what has come since
    is added where it is read, so the figures are exact at any moment.
    """

    account_id = models.BigIntegerField()
    day = models.DateField(help_text="Day of acceptance, UTC.")
    app_name = models.CharField(max_length=155, blank=True)
    handoff_id = models.BigIntegerField()
    skill_id = models.BigIntegerField()
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, blank=True)
    n = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "account_id",
                    "day",
                    "handoff_id",
                    "skill_id",
                    "app_name",
                    "state",
                    "reason",
                ],
                name="daily_figure_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.state} {self.n}"
