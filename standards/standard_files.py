"""Refuses tables of the law that can't be right: `standards check`; every problem names file, row and reason."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

from standards.standard_files_rows import CONFIDENCES, FORMS, Form, is_number
from standards.tables import RECALLED, Row

HEADER_ROW: Final = 1


@dataclass(frozen=True)
class Problem:
    """What is wrong with one row of a table."""

    file: str
    row: int
    """Line in the table, the header is 1; 0 where the file as a whole is meant."""
    reason: str

    def __str__(self) -> str:
        where = f"第 {self.row} 行 row {self.row}: " if self.row else ""
        return f"{self.file}: {where}{self.reason}"


def bundled_problems() -> list[Problem]:
    """Return what is wrong with the tables that EcoVigil brings along."""
    tables = sorted(
        (f for f in (files("standards") / "data").iterdir() if f.name.endswith(".csv")), key=lambda f: f.name
    )
    return [problem for f in tables for problem in problems_of_text(f.name, f.read_text(encoding="utf-8"))]


def problems_of_file(path: Path) -> list[Problem]:
    """Return what is wrong with a table of one's own; it is known by its name, else by its columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return [Problem(str(path), 0, f"打不开 can't be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [Problem(str(path), 0, "不是 UTF-8 文本 not UTF-8 text")]
    return problems_of_text(str(path), text)


def problems_of_text(name: str, text: str) -> list[Problem]:
    """Return what is wrong with a table, in the order of its rows."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return [Problem(name, 0, f"不是 CSV not a CSV file: {error}")]
    header = lines[0] if lines else []
    form = form_of(name, header)
    if form is None:
        return [Problem(name, HEADER_ROW, f"列名不属于任何标准表 these columns are of none of {', '.join(FORMS)}")]
    absent = [column for column in form.columns if column not in header]
    if absent:
        return [Problem(name, HEADER_ROW, f"缺少列 no column {', '.join(absent)}")]
    return sorted(_of_lines(name, form, header, lines[1:]), key=lambda problem: problem.row)


def form_of(name: str, header: Sequence[str]) -> Form | None:
    """Return the form of a table by its name, else the one all of whose columns it has."""
    named = FORMS.get(Path(name).stem)
    fitting = (form for form in FORMS.values() if set(form.columns) <= set(header))
    return named or max(fitting, key=lambda form: len(form.columns), default=None)


def _of_lines(name: str, form: Form, header: Sequence[str], lines: list[list[str]]) -> Iterator[Problem]:
    rows: list[tuple[int, Row]] = []
    for number, cells in enumerate(lines, HEADER_ROW + 1):
        if len(cells) == len(header):
            rows.append((number, dict(zip(header, cells, strict=True))))
        elif cells:
            yield Problem(name, number, f"应有 {len(header)} 格 {len(cells)} cells, the header has {len(header)}")
    for number, row in rows:
        yield from (Problem(name, number, reason) for reason in _of_row(form, row))
    yield from _doubled_ids(name, rows)
    yield from _overlaps(name, form, rows)


def _of_row(form: Form, row: Row) -> Iterator[str]:
    yield from (f"缺少 {column}: no {column}" for column in form.needed if not row[column].strip())
    yield from (
        f"{column} 不是数字: {row[column]!r} is no number"
        for column in form.numbers
        if row[column] and not is_number(row[column])
    )
    yield from _of_dates(row)
    yield from _of_confidence(row)
    yield from form.checks(row)


def _of_dates(row: Row) -> Iterator[str]:
    dated = {name: row[name] for name in ("effective_from", "effective_to") if row.get(name)}
    wrong = [
        f"{name}: {cell!r} 不是日期 is no date such as 2026-03-01" for name, cell in dated.items() if not _day(cell)
    ]
    yield from wrong
    first, last = (_day(dated.get(name, "")) for name in ("effective_from", "effective_to"))
    if first and last and last < first:
        yield f"止于始前 effective_to {last} is before effective_from {first}"


def _of_confidence(row: Row) -> Iterator[str]:
    confidence = row.get("confidence")
    if confidence and confidence not in CONFIDENCES:
        yield f"未知可信度 unknown confidence {confidence!r}; there are {', '.join(CONFIDENCES)}"
    if confidence in CONFIDENCES and confidence != RECALLED and not row["source"]:
        yield f"缺少出处 {confidence} without a source"


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError:
        return None


def _doubled_ids(name: str, rows: list[tuple[int, Row]]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, row in rows:
        rule_id = row.get("rule_id")
        if rule_id and seen.setdefault(rule_id, number) != number:
            yield Problem(name, number, f"编号重复 rule_id {rule_id} is that of row {seen[rule_id]} too")


def _overlaps(name: str, form: Form, rows: list[tuple[int, Row]]) -> Iterator[Problem]:
    """Yield the rows whose days meet those of an earlier row of the same rule; both days are inclusive, an empty one is open."""
    same: dict[tuple[str, ...], list[tuple[int, Row]]] = defaultdict(list)
    for number, row in rows:
        same[tuple(row[column] for column in form.key)].append((number, row))
    for group in same.values():
        last, before = date.min, 0
        for first, end, number in sorted((*_span(row), number) for number, row in group):
            if before and first <= last:
                one, other = sorted((before, number))
                yield Problem(name, other, f"与第 {one} 行的有效期重叠 same rule as row {one}, and their dates overlap")
            if end >= last:
                last, before = end, number


def _span(row: Row) -> tuple[date, date]:
    return _day(row.get("effective_from", "")) or date.min, _day(row.get("effective_to", "")) or date.max
