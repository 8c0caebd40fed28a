"""Replies are read strictly, whatever bytes come and however they are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.replies import LINE_LIMIT, GarbledReply, Reply, ReplyReader, readable

_ODDITIES = [
    b"250\r\n", b"250-a\r\n250 b\r\n", b"354 go\n", b"HTTP/1.1 400\r\n", b"999 x\r\n", b"25\r\n", b"\r\n",
]  # fmt: skip
_LINE = st.one_of(
    st.from_regex(rb"[2-5][0-9][0-9][ -][^\r\n]{0,40}\r\n", fullmatch=True),
    st.sampled_from(_ODDITIES),
    st.binary(max_size=20),
)
_STREAM = st.lists(_LINE, max_size=8).map(b"".join)


def read(*pieces: bytes) -> tuple[list[Reply], bool]:
    """The replies in these pieces, and whether they end in garbage."""
    reader, replies = ReplyReader(), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (reply := reader.next_reply()) is not None:
                replies.append(reply)
    except GarbledReply:
        return replies, True
    return replies, False


@given(_STREAM, st.lists(st.integers(0, 300), max_size=6))
def test_any_split_of_the_bytes_gives_the_same_replies(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert read(*pieces) == read(stream)


@given(st.binary(max_size=500))
def test_no_bytes_raise_anything_but_the_named_error(noise: bytes) -> None:
    replies, _ = read(noise, b"\r\n")
    for reply in replies:
        assert reply.text.isprintable() and (reply.enhanced is None or reply.enhanced[0] == str(reply.code)[0])


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n",
     b"999 x\r\n", b"199 x\r\n", b"250_Ok\r\n", b"2500 Ok\r\n", b"\r\n", b" 250 Ok\r\n",
     b"250-one\r\n550 two\r\n", b"250-endless\r\n" * 101, b"250 " + b"x" * 9_000],
)  # fmt: skip
def test_what_is_not_a_reply_is_called_so(garbage: bytes) -> None:
    assert read(garbage) == ([], True)


def test_replies_before_garbage_still_count() -> None:
    replies, is_garbled = read(b"250 2.0.0 Ok\r\nnoise\r\n")
    assert [reply.code for reply in replies] == [250] and is_garbled


def test_the_longest_line_and_the_longest_reply_are_read() -> None:
    line = b"250 " + b"x" * (LINE_LIMIT - 5) + b"\r\n"
    many = b"250-x\r\n" * 99 + b"250 x\r\n"
    replies, is_garbled = read(line + many)
    assert [len(reply.lines) for reply in replies] == [1, 100] and not is_garbled


@pytest.mark.parametrize(
    ("line", "enhanced"),
    [(b"550 5.1.1 No", "5.1.1"), (b"550 5.7.515 No", "5.7.515"), (b"250 2.0.0", "2.0.0"), (b"550 2.1.1 No", None),
     (b"550 No 5.1.1", None), (b"550", None), (b"550 5.1.1x", None)],
)  # fmt: skip
def test_the_enhanced_code_is_found_only_where_it_may_stand(line: bytes, enhanced: str | None) -> None:
    ((reply,), _) = read(line + b"\r\n")
    assert reply.enhanced == enhanced


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8-r"])
def test_russian_words_are_readable_in_any_of_their_encodings(encoding: str) -> None:
    assert readable("Такого ящика здесь нет".encode(encoding)) == "Такого ящика здесь нет"


def test_what_cannot_be_printed_is_made_visible() -> None:
    assert readable(b"a\x00b\x1b[31m\x7f") == "a␀b␛[31m␡"
    assert readable("\u202egnp.exe".encode()) == "\\u202egnp.exe"
