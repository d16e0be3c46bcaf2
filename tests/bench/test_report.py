"""What the benchmark says of its rounds, without running any."""

import pytest

from bench.report import Finding, Goal, Round, Side, as_json, number, percentile


def finding(goal: Goal, *pairs: tuple[float, float]) -> Finding:
    rounds = [Round(Side(ours, "rows/s", 0.5), Side(other, "rows/s", 1.0)) for ours, other in pairs]
    return Finding(goal, rounds, "something slower")


def test_ratio_is_the_median_of_the_rounds_ratios():
    # The ratio of the medians would be 3: a round's two sides belong together.
    found = finding(Goal("accept", 8), (10, 10), (30, 3), (40, 20), (20, 10), (50, 10))

    assert found.ratios == [1, 10, 2, 2, 5]
    assert found.ratio == 2


@pytest.mark.parametrize(
    ("goal", "ratio", "is_met"),
    [
        (Goal("accept", 8), 8.0, True),
        (Goal("accept", 8), 7.99, False),
        (Goal("growth", 1.25, is_most=True), 1.25, True),
        (Goal("growth", 1.25, is_most=True), 1.26, False),
    ],
)
def test_goal_is_met_at_its_bound_and_missed_beyond_it(goal, ratio, is_met):
    assert finding(goal, (ratio, 1)).is_met is is_met


@pytest.mark.parametrize(
    ("goal", "pairs", "line"),
    [
        (
            Goal("accept", 8),
            [(9, 1), (12.34, 1), (8.1, 1)],
            "accept           9.00 [8.10-12.3]    >= 8     ok",
        ),
        (
            Goal("accept", 8),
            [(7, 1), (9, 1), (6, 1)],
            "accept           7.00 [6.00-9.00]    >= 8     SHORT",
        ),
        (
            Goal("accept-p99", 0.25, is_most=True),
            [(1, 5), (1, 4), (1, 2)],
            "accept-p99       0.25 [0.20-0.50]    <= 0.25  ok",
        ),
    ],
)
def test_line_names_goal_median_spread_bound_and_verdict(goal, pairs, line):
    assert finding(goal, *pairs).line() == line


@pytest.mark.parametrize(("ratio", "text"), [(0.254, "0.25"), (9.994, "9.99"), (33.06, "33.1")])
def test_number_has_three_digits_that_matter(ratio, text):
    assert number(ratio) == text


def test_percentile_is_the_smallest_value_that_the_share_does_not_exceed():
    values = [float(n) for n in range(100, 0, -1)]

    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.5) == 50
    assert percentile([7.0], 0.99) == 7


def test_json_has_each_round_with_its_cpu_beside_the_medians():
    told = as_json([finding(Goal("accept", 8), (10, 1), (30, 3), (20, 2))], size="quick")

    goal = told["goals"][0]
    assert told["size"] == "quick"
    assert (goal["name"], goal["ratio"], goal["is_met"]) == ("accept", 10, True)
    assert goal["ours"] == {"value": 20, "unit": "rows/s", "cpu": 0.5}
    assert goal["rounds"][0]["other"] == {"value": 1, "unit": "rows/s", "cpu": 1.0}
