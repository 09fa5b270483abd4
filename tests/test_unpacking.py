"""Packed bytes come back whole or not at all, however they are cut, damaged or put together."""

import gzip
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import RefusedInputError
from billing.importing import unpacking
from billing.importing.unpacking import Packing, Unpacked, foreign_packing, packing_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PARTS = st.lists(st.binary(max_size=300), min_size=1, max_size=5)
PACKINGS = st.sampled_from([Packing.GZIP, Packing.ZSTD])


def packed(part: bytes, packing: Packing) -> bytes:
    if packing is Packing.GZIP:
        return gzip.compress(part, mtime=0)
    return zstd.compress(part, options={int(zstd.CompressionParameter.checksum_flag): 1})


class Trickle(io.BytesIO):
    """A file that gives few bytes at a time, as a slow disk may."""

    def __init__(self, content: bytes, most: int) -> None:
        super().__init__(content)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """Read no more than a few bytes."""
        return super().read(min(size or self._most, self._most))


def unpack(content: bytes, packing: Packing, most: int = 1 << 16) -> bytes:
    return io.BufferedReader(Unpacked(Trickle(content, most), packing, "log")).read()


@given(PARTS, PACKINGS, st.integers(1, 50))
def test_parts_come_back_as_one(parts: list[bytes], packing: Packing, most: int) -> None:
    assert unpack(b"".join(packed(part, packing) for part in parts), packing, most) == b"".join(parts)


@given(PARTS, PACKINGS, st.data())
def test_what_is_cut_is_refused_or_ends_between_two_parts(
    parts: list[bytes], packing: Packing, data: st.DataObject
) -> None:
    frames = [packed(part, packing) for part in parts]
    whole = b"".join(frames)
    kept = data.draw(st.integers(1, len(whole) - 1))
    ends = {sum(map(len, frames[:count])): b"".join(parts[:count]) for count in range(len(frames))}
    if kept in ends:
        assert unpack(whole[:kept], packing) == ends[kept]
    else:
        with pytest.raises(RefusedInputError, match="fetch it again"):
            unpack(whole[:kept], packing)


@given(st.binary(min_size=1, max_size=300), PACKINGS, st.data())
def test_a_turned_bit_gives_the_same_or_is_refused(part: bytes, packing: Packing, data: st.DataObject) -> None:
    raw = bytearray(packed(part, packing))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpack(bytes(raw), packing)
    except RefusedInputError:
        return
    assert found == part  # such as for the time in a gzip header


@pytest.mark.parametrize("packing", [Packing.GZIP, Packing.ZSTD])
def test_no_more_is_unpacked_than_the_cap(packing: Packing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_RATIO", 100)
    monkeypatch.setattr(unpacking, "RATIO_FROM_BYTES", 1 << 20)
    file = Unpacked(Trickle(packed(b" " * (8 << 20), packing), 1 << 16), packing, "log")
    assert file.readinto(bytearray(1 << 20)) == 1 << 20
    with pytest.raises(RefusedInputError, match="100 times"):
        file.readinto(bytearray(1 << 20))


def test_a_packed_file_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Unpacked(Trickle(packed(b"0123456789" * 10, Packing.GZIP), 1 << 16), Packing.GZIP, "log")
    monkeypatch.setattr(unpacking, "MOST_PLAIN_BYTES", 99)
    with pytest.raises(RefusedInputError, match="split it"):
        file.readinto(bytearray(100))


def test_packings_are_told_by_their_first_bytes() -> None:
    assert packing_of(packed(b"", Packing.GZIP)) is Packing.GZIP
    assert packing_of(packed(b"", Packing.ZSTD)) is Packing.ZSTD
    assert {packing_of(head) for head in (b"{}", b"", b"\x1f")} == {Packing.PLAIN}
    assert foreign_packing(b"PK\3\4...") == "zip (or a workbook)"
    assert foreign_packing(b'{"PK": 1}') is None
