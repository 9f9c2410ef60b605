"""What is generated from the code and kept in the repository is what the code would generate now (`make docs`)."""

from pathlib import Path

import pytest

from ecovigil.bench.results_page import PAGE as RESULTS
from ecovigil.bench.results_page import page as results_page
from ecovigil.bench.results_page import read as measured
from ecovigil.reference import FOLDER as REFERENCE
from ecovigil.reference import pages
from schemas.json_schema import FOLDER as SCHEMAS
from schemas.json_schema import schema_files


@pytest.mark.parametrize("name", sorted(schema_files()))
def test_a_json_schema_is_up_to_date(name: str) -> None:
    assert (SCHEMAS / name).read_text(encoding="utf-8") == schema_files()[name], "run `make docs`"


def test_no_json_schema_is_left_over() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == set(schema_files())


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_reference_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


def test_no_reference_page_is_left_over() -> None:
    assert {path.name for path in Path(REFERENCE).iterdir()} == set(pages())


def test_the_page_of_measured_speed_says_what_was_measured() -> None:
    assert RESULTS.read_text(encoding="utf-8") == results_page(measured()), "python -m ecovigil.bench.results_page"
