"""A file is in one encoding, or it is refused with the line that shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.links.account_files import Blank, read_accounts
from commands.links.file_encodings import BadFile, FileEncoding, decode

HEADER = "account_id,name\n"
ROWS = ["u1,张三", "u2,李四", "u3,欧阳娜娜", "u4,王小明"]
TEXT = HEADER + "".join(f"{each}\n" for each in ROWS)
NAMES = st.lists(
    st.text("王李张刘陈杨赵黄周吴明华伟芳娜秀英敏静", min_size=2, max_size=4),
    min_size=8,
)


def outcome(content: bytes) -> str:
    """The text, or why there is none."""
    try:
        return decode(content, FileEncoding.AUTO)
    except BadFile as refused:
        return str(refused)


def refusal(content: bytes, encoding: FileEncoding = FileEncoding.AUTO) -> str:
    with pytest.raises(BadFile) as caught:
        decode(content, encoding)
    return str(caught.value)


def test_one_broken_byte_among_utf_8_is_no_gb18030() -> None:
    damaged = TEXT.encode().replace("李".encode(), "李".encode()[:2] + b"\xff")

    told = refusal(damaged)

    assert "Line 3 is not UTF-8" in told
    assert "--encoding gb18030" in told


@pytest.mark.parametrize("lost", [1, 2])
def test_a_name_cut_in_the_middle_of_a_sign_is_named_by_its_line(lost: int) -> None:
    damaged = TEXT.encode().replace("明".encode(), "明".encode()[:-lost])

    assert "Line 5 is not UTF-8" in refusal(damaged)


def test_the_only_name_of_a_file_may_be_the_broken_one() -> None:
    assert "Line 2" in refusal(HEADER.encode() + "u1,张三".encode() + b"\xe5\n")


@pytest.mark.parametrize("at", range(len(ROWS)))
def test_lines_of_two_files_in_two_encodings_are_refused(at: int) -> None:
    lines = [each.encode("gb18030") for each in ROWS] * 30
    lines[at] = ROWS[at].encode()

    told = refusal(HEADER.encode() + b"\n".join(lines))

    assert f"Line {3 if at == 0 else 2} is not UTF-8" in told


def test_a_mark_of_utf_8_is_a_promise() -> None:
    assert "Line 2" in refusal(b"\xef\xbb\xbf" + TEXT.encode("gb18030"))


def test_what_latin_letters_make_of_gb18030_is_refused() -> None:
    latin = (HEADER + "u1,Renée Müller\n").encode("latin-1")

    assert "Line 2" in refusal(latin)


@pytest.mark.parametrize("name", ["伟", "伟伟"])
def test_gb18030_that_looks_like_greek_is_asked_about(name: str) -> None:
    content = f"{HEADER}u1,a\nu2,{name}\n".encode("gb18030")

    assert "Line 3 may be UTF-8 or GB18030" in refusal(content)


def test_accents_among_latin_letters_are_no_question() -> None:
    text = f"{HEADER}u1,José Müller\n"

    assert decode(text.encode(), FileEncoding.AUTO) == text


@given(NAMES)
def test_names_in_gb18030_are_read_or_refused_but_never_others(
    names: list[str],
) -> None:
    text = HEADER + "".join(f"u{at},{name}\n" for at, name in enumerate(names))

    read = outcome(text.encode("gb18030"))

    assert read == text or "--encoding gb18030" in read
    assert decode(text.encode("gb18030"), FileEncoding.GB18030) == text


@given(NAMES, st.data())
def test_damaged_utf_8_is_never_read_as_something_else(
    names: list[str], data: st.DataObject
) -> None:
    raw = (HEADER + "".join(f"u{at},{n}\n" for at, n in enumerate(names))).encode()
    wide = [at for at, byte in enumerate(raw) if byte >= 0x80]
    at = data.draw(st.sampled_from(wide))
    byte = data.draw(st.integers(0x80, 0xFF))
    damaged = raw[:at] + bytes([byte]) + raw[at + 1 :]

    read = outcome(damaged)

    line = raw[:at].count(b"\n") + 1
    # The byte may make another sign of UTF-8: nobody can know.
    assert f"Line {line} " in read or read == damaged.decode()


def test_what_is_said_of_the_encoding_is_believed_and_checked() -> None:
    assert decode(TEXT.encode("gb18030"), FileEncoding.GB18030) == TEXT
    assert decode(b"\xef\xbb\xbf" + TEXT.encode(), FileEncoding.UTF_8) == TEXT
    assert "Line 2 is not UTF-8" in refusal(TEXT.encode("gb18030"), FileEncoding.UTF_8)
    assert "Line 3 is not GB18030" in refusal(
        b"account_id\nu1\n\xff\n", FileEncoding.GB18030
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told_how_to_be_saved(encoding: str) -> None:
    assert "save it as CSV UTF-8" in refusal(TEXT.encode(encoding))


def test_fields_apart_by_other_signs_are_told_so() -> None:
    with pytest.raises(BadFile, match="not separated by commas"):
        read_accounts(b"account_id;name\nu1;a\n", blank=Blank.LEFT_ALONE)
