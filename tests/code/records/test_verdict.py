"""A verdict is one of three outcomes with a headline."""

import pytest

from deeplearning.records import OUTCOMES, RecordError, Verdict


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_three_outcomes(outcome: str) -> None:
    assert Verdict(outcome, "1 of 2").outcome == outcome


@pytest.mark.parametrize("outcome", ["Holds", "true", "", None, "partly"])
def test_another_outcome_is_refused(outcome: str) -> None:
    with pytest.raises(RecordError, match="'holds', 'holds partly', 'does not hold'"):
        Verdict(outcome, "1 of 2")


@pytest.mark.parametrize("headline", ["", "  ", "two\nlines", None, 3])
def test_a_headline_is_one_line(headline: str) -> None:
    with pytest.raises(RecordError, match="one non-empty line"):
        Verdict("holds", headline)
