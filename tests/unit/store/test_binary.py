"""Binary forms, byte for byte as PostgreSQL's documentation of COPY and arrays describes them."""

import numpy as np
import pytest

from store import binary


def test_a_copy_stream_is_header_rows_and_trailer() -> None:
    column = np.array([5, -1], np.int32)

    stream = binary.copy_stream([(column, binary.INT4)])

    header = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
    rows = bytes.fromhex("0001 00000004 00000005 0001 00000004 ffffffff")
    assert stream == header + rows + b"\xff\xff"


def test_a_value_that_is_not_a_number_becomes_null_of_length_minus_one() -> None:
    column = np.array([1.0, np.nan])

    stream = binary.copy_stream([(column, binary.FLOAT8), (np.array([1, 2]), binary.INT2)])

    rows = bytes.fromhex("0002 00000008 3ff0000000000000 00000002 0001 0002 ffffffff 00000002 0002")
    assert stream[19:-2] == rows


def test_instants_count_from_the_year_2000() -> None:
    packed = binary.array(np.array([946_684_800_000_001]), binary.INSTANT)

    assert packed.data == bytes.fromhex("00000001 00000000 000004a0 00000001 00000001 00000008 0000000000000001")


def test_an_instant_of_zero_is_null_where_it_is_optional() -> None:
    packed = binary.array(np.array([0]), binary.OPTIONAL_INSTANT)

    assert packed.data == bytes.fromhex("00000001 00000001 000004a0 00000001 00000001 ffffffff")


def test_words_are_utf_8_with_their_length_in_bytes() -> None:
    packed = binary.word_array(["é", ""])

    assert packed.data == bytes.fromhex("00000001 00000000 00000019 00000002 00000001 00000002 c3a9 00000000")


def test_an_array_without_elements_has_no_dimension() -> None:
    assert binary.array(np.empty(0, np.int32), binary.INT4).data == bytes.fromhex("00000000 00000000 00000017")


@pytest.mark.parametrize("kind", [binary.INT2, binary.INT4, binary.INT8, binary.FLOAT8, binary.INSTANT, binary.SHA8])
def test_what_is_packed_is_unpacked(kind: binary.BinaryType) -> None:
    column = np.array([0, 1, 77])

    assert binary.column_of(binary.array(column, kind).data, kind).tolist() == [0, 1, 77]


def test_nothing_is_a_column_without_rows() -> None:
    assert binary.column_of(None, binary.INT4).tolist() == []
    assert binary.words_of(None).tolist() == []


def test_words_come_back() -> None:
    assert binary.words_of(binary.word_array(["too_few_samples", "", "环"]).data).tolist() == [
        "too_few_samples",
        "",
        "环",
    ]
