"""Numpy columns in PostgreSQL's binary forms: COPY streams and array parameters, without a Python loop over rows."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

POSTGRES_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01 UTC, where PostgreSQL counts timestamps from."""
_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_ARRAY_HEADER: Final = 20


@dataclass(frozen=True)
class BinaryType:
    """How one SQL type looks on the wire."""

    dtype: np.dtype[Any]
    oid: int
    shift: int = 0
    """Subtracted from each value."""
    zero_is_null: bool = False

    def nulls(self, column: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Return which values are NULL (NaN, or 0 of an optional instant), or None where none is."""
        if self.zero_is_null:
            found = column == 0
        elif self.dtype.kind == "f":
            found = np.isnan(column)
        else:
            return None
        return found if found.any() else None


INT2: Final = BinaryType(np.dtype(">i2"), 21)
INT4: Final = BinaryType(np.dtype(">i4"), 23)
INT8: Final = BinaryType(np.dtype(">i8"), 20)
FLOAT8: Final = BinaryType(np.dtype(">f8"), 701)
BOOL: Final = BinaryType(np.dtype("u1"), 16)
INSTANT: Final = BinaryType(np.dtype(">i8"), 1184, shift=POSTGRES_EPOCH_US)
"""timestamptz from microseconds since 1970."""
OPTIONAL_INSTANT: Final = BinaryType(np.dtype(">i8"), 1184, shift=POSTGRES_EPOCH_US, zero_is_null=True)
"""timestamptz from microseconds since 1970; 0 = NULL."""
DIGEST: Final = BinaryType(np.dtype("V32"), 17)
"""bytea of a SHA-256."""
SHA8: Final = BinaryType(np.dtype(">u8"), 17)
"""bytea of the first eight bytes of a SHA-256, as a number."""
_TEXT_OID: Final = 25
_BYTEA_OID: Final = 17


class PackedArray:
    """An array parameter in its binary form; the statement casts it, so that the server knows its type."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class PackedArrayDumper(Dumper):
    """Sends a `PackedArray` as it is."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: PackedArray) -> bytes:
        """Return the bytes."""
        return obj.data


def register(context: AdaptContext) -> None:
    """Let a connection take `PackedArray` parameters."""
    if context.adapters is not None:
        context.adapters.register_dumper(PackedArray, PackedArrayDumper)


def copy_stream(columns: Sequence[tuple[NDArray[Any], BinaryType]]) -> bytes:
    """Return a whole binary COPY stream of equally long columns."""
    return _COPY_HEADER + _records(columns, fields=True)[0] + _COPY_END


def array(column: NDArray[Any], kind: BinaryType) -> PackedArray:
    """Return a column as an array parameter."""
    body, nulls = _records([(column, kind)], fields=False)
    return PackedArray(_array_header(len(column), kind.oid, nulls) + body)


def word_array(words: Iterable[str]) -> PackedArray:
    """Return words as a text[] parameter; made for few distinct words."""
    listed = list(words)
    packed = {word: _sized(str(word).encode()) for word in set(listed)}
    return PackedArray(_array_header(len(listed), _TEXT_OID, False) + b"".join([packed[word] for word in listed]))


def blob_array(blobs: Sequence[bytes]) -> PackedArray:
    """Return blobs as a bytea[] parameter."""
    return PackedArray(_array_header(len(blobs), _BYTEA_OID, False) + b"".join(map(_sized, blobs)))


def column_of(data: bytes | None, kind: BinaryType) -> NDArray[Any]:
    """Return the column of an array that was fetched in binary form and has no NULL in it."""
    if data is None or len(data) < _ARRAY_HEADER:
        return np.empty(0, kind.dtype.newbyteorder("="))
    record = np.dtype([("length", ">i4"), ("value", kind.dtype)])
    values = np.frombuffer(data, record, offset=_ARRAY_HEADER)["value"]
    native = values.astype(kind.dtype.newbyteorder("="))
    return native + kind.shift if kind.shift else native


def words_of(data: bytes | None) -> NDArray[np.object_]:
    """Return the words of a text[] that was fetched in binary form and has no NULL in it."""
    words: list[str] = []
    at = _ARRAY_HEADER
    while data is not None and at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        words.append(str(data[at + 4 : at + 4 + length], "utf-8"))
        at += 4 + length
    return np.array(words, dtype=np.object_)


def fetch_columns(cursor: psycopg.Cursor[Any], *kinds: BinaryType | None) -> list[NDArray[Any]]:
    """Return the arrays of a single row that was fetched with `binary=True`; None stands for text[]."""
    result = cursor.pgresult
    if result is None:
        raise psycopg.InterfaceError("no result")
    data = [result.get_value(0, i) for i in range(len(kinds))]
    return [words_of(d) if kind is None else column_of(d, kind) for d, kind in zip(data, kinds, strict=True)]


def _records(columns: Sequence[tuple[NDArray[Any], BinaryType]], *, fields: bool) -> tuple[bytes, bool]:
    """Return length and value of each cell row by row (with the field count before each row), and whether any is NULL."""
    layout: list[tuple[str, Any]] = [("fields", ">i2")] if fields else []
    for i, (_, kind) in enumerate(columns):
        layout += [(f"length{i}", ">i4"), (f"value{i}", kind.dtype)]
    rows = np.empty(len(columns[0][0]), np.dtype(layout))
    if fields:
        rows["fields"] = len(columns)
    hidden = []
    for i, (column, kind) in enumerate(columns):
        rows[f"length{i}"] = kind.dtype.itemsize
        rows[f"value{i}"] = column - kind.shift if kind.shift else column
        nulls = kind.nulls(column)
        if nulls is not None:
            rows[f"length{i}"][nulls] = -1
            hidden.append((f"value{i}", nulls))
    return (_without(rows, hidden) if hidden else rows.tobytes()), bool(hidden)


def _without(rows: NDArray[Any], hidden: Sequence[tuple[str, NDArray[np.bool_]]]) -> bytes:
    """Return the bytes of the rows without the values that are NULL."""
    keep = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    for name, nulls in hidden:
        offset, size = _place(rows.dtype, name)
        keep[nulls, offset : offset + size] = False
    data: bytes = rows.view(np.uint8).reshape(keep.shape)[keep].tobytes()
    return data


def _place(record: np.dtype[Any], name: str) -> tuple[int, int]:
    """Return offset and size of a field."""
    fields: Any = record.fields
    dtype, offset = fields[name][:2]
    return int(offset), int(dtype.itemsize)


def _array_header(length: int, oid: int, has_null: bool) -> bytes:
    if length == 0:
        return struct.pack(">iii", 0, 0, oid)
    return struct.pack(">iiiii", 1, int(has_null), oid, length, 1)


def _sized(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data
