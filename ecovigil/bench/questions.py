"""What people and roles ask of the store most, each through the store's own function, as answers that can be timed."""

from collections.abc import Callable
from typing import Final

import numpy as np

from ecovigil.bench.archive import Archive
from ecovigil.bench.fleet import FleetShape
from schemas.codes import FindingKind, Period
from schemas.columns import PERIOD_HOUR
from schemas.times import HOUR_US
from store.alert_port import AlertFilter
from store.alerts import PostgresAlerts
from store.amounts import PostgresAmounts
from store.explain import PostgresExplain, Window
from store.letters import PostgresLetters
from store.postgres import Database
from store.work import PostgresWorkStore

Question = Callable[[], int]
"""Asks once, and returns how many rows came back."""
LATEST_VERDICTS: Final = "latest verdicts of a site"
LATEST_READINGS: Final = "readings of a site's last hour"
YEAR: Final = "a year of hour means of a series"
OPEN_ALERTS: Final = "open alerts"
BOOKS: Final = "books of a day"
EXPLAINED: Final = "readings that a verdict rests on"
AMOUNTS: Final = "a year of amounts of a site"


def questions(database: Database, archive: Archive) -> dict[str, Question]:
    """Return the questions by name; the device that is asked for is the archive's, and has one site."""
    work, alerts, letters = PostgresWorkStore(database), PostgresAlerts(database), PostgresLetters(database)
    site = FleetShape().device_id(archive.asked)
    (first, _, parameter), *_ = work.series_of_sites([site])
    year, hour = (archive.hour_us(0), archive.end_us), (archive.end_us - HOUR_US, archive.end_us)
    window = Window(site, parameter, Period.HOUR, hour[0])
    standing = AlertFilter(standing=True, kind=FindingKind.EXCEEDANCE.value)

    def latest_readings() -> int:
        series = np.array([number for number, *_ in work.series_of_sites([site])], np.int32)
        return len(work.window_readings(series, *(np.full(len(series), at) for at in hour)))

    def year_of_means() -> int:
        return len(work.means_between(np.array([first], np.int32), PERIOD_HOUR, *(np.array([at]) for at in year)))

    def amounts() -> int:
        return sum(map(len, PostgresAmounts(database).hours(site, *year).mass_kg.values()))

    return {
        LATEST_VERDICTS: lambda: len(work.latest_verdicts([number for number, *_ in work.series_of_sites([site])])),
        LATEST_READINGS: latest_readings,
        YEAR: year_of_means,
        OPEN_ALERTS: lambda: len(alerts.find_alerts(standing)),
        BOOKS: lambda: len(letters.books(archive.book_day)),
        EXPLAINED: lambda: len(PostgresExplain(database).samples(window, [parameter])),
        AMOUNTS: amounts,
    }
