"""Periods of means and verdicts: their codes in columns and tables, and where they end; days and months are China Standard Time."""

from datetime import date
from typing import Final

from schemas.codes import Period
from schemas.times import DAY_US, HOUR_US, date_us, day_of

PERIODS: Final = (Period.HOUR, Period.DAY, Period.MONTH, Period.INSTANT)
"""By code, as columns and tables have it."""
PERIOD_CODE: Final = {period: code for code, period in enumerate(PERIODS)}


def month_start(instant_us: int) -> int:
    """Return the start of the month of an instant."""
    return date_us(day_of(instant_us).replace(day=1))


def month_end(instant_us: int) -> int:
    """Return the end of the month of an instant."""
    day = day_of(instant_us)
    return date_us(date(day.year + day.month // 12, day.month % 12 + 1, 1))


def period_start(period: Period, instant_us: int) -> int:
    """Return the start of the period that an instant lies in; an instant is its own."""
    if period is Period.MONTH:
        return month_start(instant_us)
    if period is Period.DAY:
        return date_us(day_of(instant_us))
    return instant_us if period is Period.INSTANT else instant_us // HOUR_US * HOUR_US


def period_end(period: Period, start: int) -> int:
    """Return the end of a period (exclusive); an instant ends with its microsecond."""
    if period is Period.MONTH:
        return month_end(start)
    return start + {Period.HOUR: HOUR_US, Period.DAY: DAY_US, Period.RUNNING24: HOUR_US}.get(period, 1)
