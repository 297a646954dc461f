"""Forms: the model is found wherever it stands and however the bytes are split; what could be read in two ways is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.openai_media.forms import BOUNDARY, KIND, file, form, part
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.dialects.openai_media.multipart import MOST_HEAD_BYTES, MOST_PARTS, FormReader, boundary_of

MODEL = part("model", b"whisper-1")
EDGE = b"--" + BOUNDARY


def read(data: bytes, size: int = 0) -> FormReader:
    reader = FormReader(BOUNDARY)
    for at in range(0, len(data), size or max(1, len(data))):
        reader.feed(data[at : at + size] if size else data)
    reader.end()
    return reader


def story(data: bytes, pieces: list[bytes]) -> object:
    """What must not depend on how the bytes are split."""
    reader = FormReader(BOUNDARY)
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.end()
    except Refusal as refusal:
        return refusal.sentence
    assert reader.span is None or data[slice(*reader.span)].decode() == reader.model
    return reader.model, reader.user, reader.span


FORMS = {
    "model first": form(MODEL, part("user", b"ada"), file(b"RIFF" * 50)),
    "model last": form(file(b"\r\n--\r\n----ed\r\n" * 20), part("prompt", b""), MODEL),
    "no model": form(file(b"x")),
    "the boundary inside a line": form(MODEL, file(b"x" + EDGE + b"\r\n")),
    "no parts": EDGE + b"--\r\n",
    "two models": form(MODEL, file(b"x"), part("model", b"other")),
    "cut": form(MODEL, file(b"x" * 100))[:-30],
    "a bare line feed before a boundary": form(MODEL, file(b"x\n" + EDGE + b"\r\n\r\n")),
    "something after the end": form(MODEL) + b"x",
}


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data())
@settings(max_examples=60)
def test_any_split_of_a_form_gives_the_same_story(name: str, data: st.DataObject) -> None:
    whole = FORMS[name]
    expected = story(whole, [whole])
    assert story(whole, [whole[at : at + 1] for at in range(len(whole))]) == expected
    assert story(whole, cut_at(whole, data.draw(split_points(whole)))) == expected


@given(st.binary(max_size=300), st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40))
def test_whatever_a_file_holds_the_model_is_found(content: bytes, model: str) -> None:
    if BOUNDARY in content or not model.strip():
        return
    whole = form(file(content), part("model", model.encode()))
    reader = read(whole)
    assert reader.model == model
    assert reader.span is not None
    assert whole[slice(*reader.span)] == model.encode()


DISPOSITION = b"Content-Disposition: form-data; name=model"
VALUE = b"\r\n\r\nwhisper-1\r\n"
REFUSED = {
    "an empty form": b"",
    "another boundary": form(MODEL).replace(b"----edge", b"----other"),
    "a preamble": b"\r\n" + form(MODEL),
    "two models": form(MODEL, MODEL),
    "a second model after the file": form(MODEL, file(b"x" * 9_000), MODEL),
    "a model that is a file": form(file(b"whisper-1", "model")),
    "an empty model": form(part("model", b"")),
    "a model of spaces": form(part("model", b" \t")),
    "a model that is not UTF-8": form(part("model", b"\xff")),
    "a huge model": form(part("model", b"x" * 600)),
    "no end": form(MODEL)[:-6],
    "an end without its dashes": form(MODEL)[:-4],
    "text behind the end": form(MODEL) + b"more",
    "a second form behind the end": form(MODEL) + form(MODEL),
    "a boundary that goes on": MODEL + EDGE + b"more\r\n" + form(MODEL),
    "padding behind a boundary": MODEL + EDGE + b" \r\n" + form(MODEL)[10:],
    "a bare line feed before a boundary": form(file(b"x\n" + EDGE + b"\r\n" + DISPOSITION + b"\r\n\r\ny")),
    "a bare carriage return before a boundary": form(file(b"x\r" + EDGE + b"\r\n" + DISPOSITION + b"\r\n\r\ny")),
    "a boundary directly behind the headers": EDGE + b"\r\n" + DISPOSITION + b"\r\n\r\n" + EDGE + b"--\r\n",
    "a part without headers": EDGE + b"\r\n\r\nx\r\n" + EDGE + b"--\r\n",
    "a part without a name": EDGE + b"\r\nContent-Disposition: form-data" + VALUE + EDGE + b"--\r\n",
    "a part that is no form-data": EDGE + b"\r\nContent-Disposition: file; name=model" + VALUE + EDGE + b"--\r\n",
    "two names": EDGE + b"\r\n" + DISPOSITION + b"; name=x" + VALUE + EDGE + b"--\r\n",
    "two names in different case": EDGE + b"\r\n" + DISPOSITION + b"; NAME=x" + VALUE + EDGE + b"--\r\n",
    "an encoded name": EDGE + b"\r\n" + DISPOSITION + b"; name*=utf-8''x" + VALUE + EDGE + b"--\r\n",
    "an escaped name": EDGE + b'\r\nContent-Disposition: form-data; name="m\\odel"' + VALUE + EDGE + b"--\r\n",
    "a zero byte in a name": EDGE + b'\r\nContent-Disposition: form-data; name="model\x00"' + VALUE + EDGE + b"--\r\n",
    "two dispositions": EDGE + b"\r\n" + DISPOSITION + b"\r\n" + DISPOSITION + VALUE + EDGE + b"--\r\n",
    "a folded header": EDGE + b"\r\n" + DISPOSITION + b";\r\n name=x" + VALUE + EDGE + b"--\r\n",
    "a bare line feed in the headers": EDGE + b"\r\nX: y\n" + DISPOSITION + VALUE + EDGE + b"--\r\n",
    "a space before the colon": EDGE + b"\r\nContent-Disposition : form-data; name=model" + VALUE + EDGE + b"--\r\n",
    "base64": EDGE + b"\r\n" + DISPOSITION + b"\r\nContent-Transfer-Encoding: base64" + VALUE + EDGE + b"--\r\n",
    "a form in a form": EDGE + b"\r\n" + DISPOSITION + b"\r\nContent-Type: multipart/mixed; boundary=x" + VALUE + EDGE + b"--\r\n",
    "huge headers": EDGE + b"\r\nX: " + b"y" * (MOST_HEAD_BYTES + 10) + b"\r\n" + DISPOSITION + VALUE + EDGE + b"--\r\n",
    "headers without an end": EDGE + b"\r\n" + b"X: y\r\n" * MOST_HEAD_BYTES,
    "too many parts": form(*[part("a", b"")] * (MOST_PARTS + 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    for size in (0, 7):
        with pytest.raises(Refusal) as refused:
            read(REFUSED[name], size)
        assert refused.value.code == "invalid_form"
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "disposition",
    [
        b'form-data; name="model"',
        b"form-data; name=model",
        b'Form-Data;name="model"',
        b'form-data; name="model" ; other="a\\"b"',
    ],
)
def test_every_way_in_which_clients_write_a_name_is_understood(disposition: bytes) -> None:
    head = b"content-disposition:" + disposition + b"\r\nContent-Type: text/plain; charset=utf-8"
    assert read(EDGE + b"\r\n" + head + VALUE + EDGE + b"--").model == "whisper-1"


def test_file_names_of_any_kind_pass() -> None:
    for name in (
        '; filename="a\\"b.wav"',
        "; filename*=utf-8''%e2%82%ac.wav",
        '; filename="\u00fc.wav"',
        "; filename=a.wav",
    ):
        assert read(form(part("file", b"x", name), MODEL)).model == "whisper-1"


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [
        (KIND, BOUNDARY),
        (b'multipart/form-data; boundary="a b:c"', b"a b:c"),
        (b"Multipart/Form-Data; charset=utf-8; BOUNDARY=x", b"x"),
    ],
)
def test_the_boundary_is_read(kind: bytes, boundary: bytes) -> None:
    assert boundary_of(kind) == boundary


@pytest.mark.parametrize(
    "kind",
    [
        b"",
        b"application/json",
        b"multipart/mixed; boundary=x",
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b'multipart/form-data; boundary=""',
        b"multipart/form-data; boundary=x; boundary=y",
        b"multipart/form-data; boundary=x; Boundary=x",
        b"multipart/form-data; boundary=" + b"x" * 71,
        b'multipart/form-data; boundary="x "',
        b'multipart/form-data; boundary="x\\y"',
        b"multipart/form-data; boundary=x, boundary=y",
        b"multipart/form-data boundary=x",
    ],
)
def test_without_one_clear_boundary_a_form_is_refused(kind: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        boundary_of(kind)
    assert refused.value.code == "invalid_form"


def test_a_large_file_is_passed_over_without_being_kept() -> None:
    reader = FormReader(BOUNDARY)
    reader.feed(file(b"")[: -len(b"\r\n")])
    for _ in range(100):
        reader.feed(b"\r\n--" * 16_384)
        assert len(reader._rest) < 200
    reader.feed(b"\r\n" + form(MODEL))
    assert reader.model == "whisper-1"
    assert reader.over
