"""A loop tuned by hand, without any guarantee: C Kafka client, fast JSON, numpy, binary COPY, garbage collector off. What ours is compared with.

`python -m benchmarks.tuned_loop BOOTSTRAP DATABASE_URL REPORTS [means]` reads the topic `plain`; with `means` it writes only hour means. No offsets, no
de-duplication, no raw bytes, no late data: a crash anywhere loses or doubles. Needs `pip install confluent-kafka orjson` (make bench does that).
"""

import gc
import json
import sys
import time

import numpy as np
import orjson
import psycopg
from confluent_kafka import Consumer
from numpy.typing import NDArray

TOPIC = "plain"
LIMITS = {"a21026-Zs": 100.0, "a21002-Zs": 100.0, "a34013-Zs": 30.0}
BATCH = 5000
EPOCH_US = 946_684_800_000_000
TABLES = """
CREATE TABLE tuned_reading (
    observed_at timestamptz NOT NULL, value double precision, series integer NOT NULL, flag smallint NOT NULL,
    UNIQUE (series, observed_at)
);
CREATE TABLE tuned_mean (series integer, start timestamptz, value double precision, samples integer, exceeded boolean);
"""
ROW = np.dtype(
    [("n", ">i2"), ("l1", ">i4"), ("at", ">i8"), ("l2", ">i4"), ("value", ">f8"), ("l3", ">i4"), ("series", ">i4"),
     ("l4", ">i4"), ("flag", ">i2")]
)  # fmt: skip
HOUR_US = 3_600_000_000


class Loop:
    """Numbers for (site, parameter), sums of open hours as arrays."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], *, rows: bool) -> None:
        self.connection = connection
        self.rows = rows
        self.numbers: dict[tuple[str, str], int] = {}
        self.limits: list[float] = []
        self.times: dict[str, int] = {}
        self.sums = np.zeros(1 << 20)
        self.counts = np.zeros(1 << 20, np.int64)
        self.hour = 0

    def take(self, payloads: list[bytes]) -> None:
        """Take a batch of reports: rows, and the means of the hour before when a new one begins."""
        numbers, times = self.numbers, self.times
        series: list[int] = []
        values: list[float] = []
        instants: list[int] = []
        for payload in payloads:
            report = orjson.loads(payload)
            site, text, readings = report["site"], report["observed_at"], report["readings"]
            at = times.get(text)
            if at is None:
                at = times[text] = int(np.datetime64(text[:19], "us").astype(np.int64)) - 8 * HOUR_US
            instants.append(at)
            for parameter, value in readings:
                number = numbers.get((site, parameter))
                series.append(self.number(site, parameter) if number is None else number)
                values.append(value)
        count = len(series) // len(payloads)
        self.write(np.array(series, np.int32), np.array(values), np.repeat(np.array(instants, np.int64), count))

    def number(self, site: str, parameter: str) -> int:
        """Return a new number of a series."""
        self.limits.append(LIMITS.get(parameter, float("inf")))
        return self.numbers.setdefault((site, parameter), len(self.numbers))

    def write(self, series: NDArray[np.int32], values: NDArray[np.float64], at: NDArray[np.int64]) -> None:
        """Write the rows of a batch in one transaction."""
        with self.connection.cursor() as cursor:
            if self.rows:
                with cursor.copy("COPY tuned_reading FROM STDIN (FORMAT binary)") as copy:
                    copy.write(_stream(series, values, at))
            hours = at // HOUR_US
            for hour in np.unique(hours).tolist():
                if hour > self.hour:
                    self.close(cursor)
                    self.hour = hour
                mine = hours == hour
                self.sums += np.bincount(series[mine], values[mine], len(self.sums))
                self.counts += np.bincount(series[mine], minlength=len(self.counts))
        self.connection.commit()

    def close(self, cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
        """Write the means of the open hour."""
        n = len(self.limits)
        if self.hour and n:
            full = np.flatnonzero(self.counts[:n] >= 45)
            means = self.sums[full] / self.counts[full]
            over = means > np.array(self.limits)[full]
            start = np.datetime64(self.hour * HOUR_US, "us").item()
            with cursor.copy("COPY tuned_mean FROM STDIN") as copy:
                for row in zip(full.tolist(), means.tolist(), self.counts[full].tolist(), over.tolist(), strict=True):
                    copy.write_row((row[0], f"{start}+00", row[1], row[2], row[3]))
        self.sums[:] = 0
        self.counts[:] = 0


def _stream(series: NDArray[np.int32], values: NDArray[np.float64], at: NDArray[np.int64]) -> bytes:
    rows = np.empty(len(series), ROW)
    rows["n"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 8, 8, 4, 2
    rows["at"], rows["value"], rows["series"], rows["flag"] = at - EPOCH_US, values, series, 78
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


def main(bootstrap: str, database_url: str, expected: int, *, rows: bool) -> dict[str, float]:
    """Take reports until all have come."""
    connection = psycopg.connect(database_url)
    connection.execute("DROP TABLE IF EXISTS tuned_reading, tuned_mean")
    connection.execute(TABLES)
    connection.commit()
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"tuned-{time.time()}", "auto.offset.reset": "earliest",
         "enable.auto.commit": False}
    )  # fmt: skip
    consumer.subscribe([TOPIC])
    loop, count, first = Loop(connection, rows=rows), 0, 0.0
    print("ready", flush=True)
    sys.stdin.readline()
    gc.disable()
    started = time.time()
    while count < expected:
        messages = consumer.consume(BATCH, 0.2)
        if messages:
            first = first or time.time()
            loop.take([message.value() for message in messages])
            count += len(messages)
    return {"count": count, "started": started, "first": first, "last": time.time()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), rows="means" not in sys.argv[4:])), flush=True)
    sys.stdin.read()
