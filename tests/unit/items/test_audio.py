"""Recordings in all formats: reading, waveform, playback and features."""

from __future__ import annotations

import base64
import io
import struct
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import missing
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items import recordings, waves
from hitl_widgets.items.base import InParts, Payload, Size, content_hash, kind_of, kinds
from hitl_widgets.items.recordings import open_recording

AUDIO = kind_of("audio")
RATE = 8_000
Samples = np.ndarray[Any, Any]
Make = Callable[..., hitl.Session]


def tone(seconds: float = 0.5, hertz: float = 440, rate: int = RATE) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def wav(samples: Samples, rate: int = RATE, bits: int = 16, code: int = 1) -> bytes:
    """A WAV file written byte by byte; samples from -1 to 1."""
    samples = np.atleast_2d(samples.T).T
    scaled = np.clip(samples, -1, 1) * (2 ** (bits - 1) - 1)
    if code == 3:
        data = samples.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        data = (np.rint(scaled) + 128).astype(np.uint8).tobytes()
    elif bits == 24:
        data = np.rint(scaled).astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    else:
        data = np.rint(scaled).astype(f"<i{bits // 8}").tobytes()
    block = samples.shape[1] * bits // 8
    form = struct.pack("<HHIIHH", code, samples.shape[1], rate, rate * block, block, bits)
    # A chunk of odd length in between, as written by some recorders.
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"note" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def soundfile() -> Any:
    try:
        import soundfile
    except ImportError:
        missing("soundfile", "pip install 'hitl-widgets[audio]'")
    return soundfile


def encoded(samples: Samples, form: str, subtype: str | None = None, rate: int = RATE) -> bytes:
    stream = io.BytesIO()
    soundfile().write(stream, samples, rate, format=form, subtype=subtype)
    return stream.getvalue()


def shown(item: Any, **how: Any) -> dict[str, Any]:
    content = AUDIO.payload(AUDIO.read([item], "data")[0], Size(**how)).content
    assert content["kind"] == "audio", content
    return content


def why(item: Any) -> str:
    content = AUDIO.payload(AUDIO.read([item], "data")[0], Size()).content
    assert content["kind"] == "broken"
    return str(content["why"])


def more(item: Any, ask: dict[str, Any], most: int = 10_000) -> Payload:
    assert isinstance(AUDIO, InParts)
    return AUDIO.more(item, ask, most)


def peaks_of(content: dict[str, Any]) -> Samples:
    return np.frombuffer(base64.b64decode(content["peaks"]), "<i2").reshape(-1, 2) / 32_767


def all_peaks(item: Any) -> Samples:
    content = shown(item)
    found = peaks_of(content)
    while len(found) < content["bins"]:
        ask = {"what": "peaks", "from": len(found), "version": content["version"]}
        [(_, data)] = more(item, ask, 1_000_000).media
        found = np.concatenate([found, np.frombuffer(data, "<i2").reshape(-1, 2) / 32_767])
    return found


def gathered(item: Any, most: int = 50_000, **ask: Any) -> bytes:
    """The bytes that a browser collects."""
    data, total = b"", 1
    while len(data) < total:
        whole = {"what": "sound", "version": shown(item)["version"], "at": len(data)} | ask
        part = more(item, whole, most)
        total = part.content["total"]
        assert len(part.media[0][1]) <= most
        data += part.media[0][1]
    assert len(data) == total
    return data


def played(data: bytes) -> tuple[Samples, int]:
    with wave.open(io.BytesIO(data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return samples / 32_767, file.getframerate()


# -- reading


@pytest.mark.parametrize(
    ("bits", "code", "close"),
    [(8, 1, 0.02), (16, 1, 1e-4), (24, 1, 1e-6), (32, 1, 1e-6), (32, 3, 0), (64, 3, 0)],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_files_of_every_width_are_read_by_numpy_alone(
    bits: int, code: int, close: float, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "find_spec", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    samples = np.stack([tone(), tone(hertz=300)][:channels], axis=1)
    sound = open_recording(wav(samples, bits=bits, code=code))
    assert (sound.rate, sound.channels, sound.frames) == (RATE, channels, len(samples))
    np.testing.assert_allclose(sound.read(0, 10**6), samples, atol=close)
    np.testing.assert_allclose(sound.read(1_000, 7), samples[1_000:1_007], atol=close)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 16_384, -32_768], np.int16), [0, 0.5, -1]),
        (np.array([0, 2**30, -(2**31)], np.int32), [0, 0.5, -1]),
        (np.array([0, 16_384, -32_768], np.int64), [0, 0.5, -1]),
        (np.array([128, 192, 0], np.uint8), [0, 0.5, -1]),
        (np.array([32_768, 49_152, 0], np.uint16), [0, 0.5, -1]),
        (np.array([0, 64, -128], np.int8), [0, 0.5, -1]),
        (np.array([0, 0.5, -1], np.float64), [0, 0.5, -1]),
        (np.array([np.nan, 0.5, -np.inf], np.float32), [0, 0.5, -1]),
        (np.array([0, 16_384, -32_768], np.float32), [0, 0.5, -1]),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_samples_of_every_type_mean_the_same_loudness(samples: Samples, expected: list[float]) -> None:
    np.testing.assert_allclose(open_recording((samples, RATE)).read(0, 3)[:, 0], expected)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("FLAC", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None), ("AIFF", None), ("WAV", "ULAW")],
)
def test_other_formats_are_read_by_soundfile(form: str, subtype: str | None) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE)
    sound = open_recording(encoded(samples, form, subtype))
    assert sound.frames == pytest.approx(len(samples), rel=0.1)
    found = sound.read(0, 10**6)[:, 0]
    assert 0.3 < np.abs(found).max() < 1
    np.testing.assert_allclose(sound.read(4_000, 100)[:, 0], found[4_000:4_100], atol=0.02)


def test_a_missing_package_is_said_once_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"row 1 is not a WAV file.*soundfile.*hitl-widgets\[audio\]"):
        AUDIO.read(["a.wav", "b.FLAC"], "item='path'")
    assert AUDIO.read(["a.wav", None, wav(tone())], "data")[0] == "a.wav"


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (None, "has no recording"),
        (wav(tone())[:20], "damaged"),
        (wav(np.zeros(0, np.float32)), "no samples"),
        (b"RIFF\0\0\0\0WAVE", "damaged"),
        ("missing.wav", "No such file"),
        (".", "cannot be read: Is a directory"),
        ("", "No such file"),
        ((np.zeros((2, 44_100)), 44_100), "samples.T"),
        ((np.zeros((2, 3, 4)), 44_100), "expected"),
        ((np.zeros(9, bool), 44_100), "expected"),
        ((np.zeros(9, np.uint32), 44_100), "int16"),
        ((np.zeros(9), 0), "The rate 0"),
        (wav(tone(), rate=2_000_000_000), "The rate 2000000000"),
        ((np.zeros(9), 0.5), "The rate 0.5"),
        ((np.zeros(9), float("nan")), "The rate nan"),
        ((np.zeros(0), 8_000), "no samples"),
        (7, "int is not a recording"),
    ],
    ids=str,
)
def test_what_cannot_be_heard_says_why(item: Any, words: str) -> None:
    assert words in why(item)


def test_bytes_of_something_else_say_why() -> None:
    soundfile()
    assert "The recording cannot be read" in why(b"fLaC and nothing more")
    assert "The recording cannot be read" in why(b"some text")


def test_a_format_that_nothing_here_reads_says_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "talk.m4a"
    path.write_bytes(b"\0\0\0 ftypM4A ")
    assert "ffmpeg -i a.m4a a.flac" in why(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.wav")
    assert "not a file" in why(tmp_path / "pipe.wav")


def test_a_file_that_ends_early_is_shown_as_far_as_it_goes() -> None:
    samples = tone(2)
    content = shown(wav(samples)[:-16_000])
    assert content["seconds"] == pytest.approx(1)
    streamed = bytearray(wav(samples))
    at = streamed.index(b"data") + 4
    streamed[at : at + 4] = b"\xff\xff\xff\xff"
    assert shown(bytes(streamed))["seconds"] == pytest.approx(2)


# -- recognising recordings


def test_columns_of_recordings_are_recognised_and_texts_that_mention_them_are_not(tmp_path: Path) -> None:
    here = tmp_path / "a b.WAV"
    here.write_bytes(wav(tone()))
    mine = [
        [str(here), None, str(tmp_path / "gone.mp3")],
        [Path("never.wav"), Path("seen.flac")],
        [wav(tone()), float("nan")],
        [(tone(), 8_000), (RATE, tone())],
        [{"array": tone(), "sampling_rate": 8_000}],
        [{"bytes": None, "path": "a.ogg"}],
        [b"fLaC....", b"OggS....", b"ID3....."],
    ]
    others = [
        ["never.wav", "seen.wav"],
        [str(here), "listen to it"],
        ["the file\na.wav"],
        [None, None],
        [b"plain text"],
        [Path("a.png")],
        [np.zeros((4, 4))],
        [(1, 2)],
        [(np.zeros(3), np.zeros(3))],
        [{"bytes": None, "path": "a.png"}],
        [],
    ]
    assert [AUDIO.claims(values) for values in mine] == [True] * len(mine)
    assert [AUDIO.claims(values) for values in others] == [False] * len(others)
    first = {kind.name: kind for kind in kinds()}
    assert next(iter(first)) == "audio", "before texts, which paths are as well"


def test_all_spellings_of_a_pair_are_one_recording() -> None:
    pairs = [(tone(), 8_000), [8_000, tone()], {"array": tone(), "sampling_rate": 8_000, "path": "a"}]
    [first, *rest] = AUDIO.read(pairs, "data")
    assert {content_hash(AUDIO, item) for item in rest} == {content_hash(AUDIO, first)}
    assert content_hash(AUDIO, (tone(), 16_000)) != content_hash(AUDIO, first)


def test_a_moved_file_keeps_its_id_and_an_overwritten_one_has_another(tmp_path: Path) -> None:
    one, two = tmp_path / "one.wav", tmp_path / "two.wav"
    for path in (one, two):
        path.write_bytes(wav(tone()))
    known = content_hash(AUDIO, one)
    assert known == content_hash(AUDIO, str(two)) == content_hash(AUDIO, wav(tone()))
    two.write_bytes(wav(tone(hertz=500)))
    assert content_hash(AUDIO, two) != known
    assert content_hash(AUDIO, tmp_path / "gone.wav") != known


def test_a_recording_that_was_overwritten_is_not_shown_for_the_one_that_was(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    path.write_bytes(wav(tone()))
    pool = Pool.from_data(pd.DataFrame({"path": [str(path)]}), item="path")
    assert (pool.kind, pool.payload(0).content["kind"]) == ("audio", "audio")
    version = pool.payload(0).content["version"]
    path.write_bytes(wav(tone(0.6)))
    assert pool.payload(0).content["kind"] == "broken"
    with pytest.raises(ValueError, match="has changed since"):
        pool.part(0, {"what": "sound", "at": 0, "version": version}, 1_000)


def test_small_arrays_are_kept_as_they_were() -> None:
    samples = tone()
    pool = Pool.from_data([(samples, RATE)])
    samples[:] = 0
    assert pool.payload(0).content["kind"] == "audio"
    assert peaks_of(pool.payload(0).content).max() == pytest.approx(0.5, abs=0.01)


# -- waveforms


@pytest.mark.parametrize("frames", [1, 2, 2_047, 2_048, 2_049, 30_001])
@pytest.mark.parametrize("channels", [1, 3])
def test_peaks_are_the_lowest_and_highest_sample_of_each_stretch(frames: int, channels: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (frames, channels)).astype(np.float32)
    found = all_peaks((samples, RATE))
    n = len(found)
    assert n == min(frames, 2_048)
    for k in range(n):
        part = samples[k * frames // n : (k + 1) * frames // n]
        assert found[k] == pytest.approx([min(0, part.min()), max(0, part.max())], abs=1e-4)


@pytest.mark.parametrize("at_once", [7, 49, 700, 12_345])
def test_peaks_of_parts_are_those_of_the_whole(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 100_000)
    whole = all_peaks((samples, RATE))
    monkeypatch.setattr(waves, "AT_ONCE", at_once)
    monkeypatch.setattr(waves, "MOMENT", 0.0005)
    np.testing.assert_array_equal(all_peaks((samples.copy(), RATE)), whole)


def test_a_file_that_says_it_is_longer_than_it_is_takes_no_memory_for_that() -> None:
    flac = bytearray(encoded(tone(2), "FLAC"))
    assert flac[4] == 0, "STREAMINFO comes first"
    flac[8 + 13] |= 0x0F  # the upper bits of the 36-bit sample count
    content = shown(bytes(flac))
    assert content["seconds"] > 10**6
    found = all_peaks(bytes(flac))
    assert len(found) == 2_048
    assert len(more(bytes(flac), {"what": "sound", "version": "", "clip": 5}, 10_000).media[0][1]) <= 10_000


def test_a_thumbnail_is_small_and_has_the_same_ends() -> None:
    samples = tone(3)
    content = shown((samples, RATE), glimpse=True)
    assert (content["bins"], len(content["peaks"]) < 1_000) == (128, True)
    assert np.abs(peaks_of(content)).max() == pytest.approx(0.5, abs=0.01)


# -- playback


def test_a_browser_gathers_a_wav_file_of_16_bits() -> None:
    samples = np.stack([tone(1), tone(1, 300)], axis=1)
    for item in ((samples, RATE), wav(samples, bits=24)):
        data, rate = played(gathered(item, clip=0))
        assert rate == RATE
        np.testing.assert_allclose(data, samples, atol=1e-4)


def test_more_channels_than_two_are_mixed_and_low_rates_raised() -> None:
    samples = np.stack([tone(1, 20, 1_000)] * 3, axis=1)
    data, rate = played(gathered((samples, 1_000), clip=0))
    assert (rate, data.shape) == (8_000, (8_000, 1))
    np.testing.assert_allclose(data[::8, 0], samples[:, 0], atol=1e-4)


def test_a_long_recording_is_heard_in_clips_that_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waves, "WHOLE", 10_000)
    monkeypatch.setattr(waves, "CLIP", 9_000)
    samples = tone(2)
    item = (samples, RATE)
    content = shown(item)
    assert content["clip"] == pytest.approx(4_500 / RATE)
    clips = [played(gathered(item, clip=k))[0] for k in range(4)]
    assert [len(clip) for clip in clips] == [4_500, 4_500, 4_500, 2_500]
    np.testing.assert_allclose(np.concatenate(clips)[:, 0], samples, atol=1e-4)


def test_a_small_compressed_file_is_played_as_it_is_or_as_samples_where_a_browser_cannot(
    tmp_path: Path,
) -> None:
    data = encoded(tone(2), "FLAC")
    path = tmp_path / "a.flac"
    path.write_bytes(data)
    for item in (data, path):
        assert (shown(item)["raw"], shown(item)["bytes"]) == ("audio/flac", len(data))
        assert gathered(item, most=1_000, raw=True) == data
        np.testing.assert_allclose(played(gathered(item, clip=0))[0][:, 0], tone(2), atol=1e-3)
    assert shown(encoded(tone(2), "MP3"))["raw"] == "audio/mpeg"
    assert shown(encoded(tone(2), "OGG", "VORBIS"))["raw"] == "audio/ogg"
    assert shown(wav(tone(2)))["raw"] == ""


@pytest.mark.parametrize(
    "ask",
    [
        {},
        {"what": "words"},
        {"what": "peaks", "from": -1},
        {"what": "peaks", "from": 1e12},
        {"what": "peaks", "from": 0.5},
        {"what": "peaks", "from": "0"},
        {"what": "peaks", "from": True},
        {"what": "sound", "clip": 9},
        {"what": "sound", "at": 45},
        {"what": "sound", "at": 7},
        {"what": "sound", "raw": True},
        {"what": "sound", "version": "another"},
    ],
    ids=str,
)
def test_what_no_browser_of_ours_asks_is_refused(ask: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"recording|part|changed"):
        more(AUDIO.read([(tone(), RATE)], "data")[0], {"version": "", **ask}, 1_000)


def test_nothing_beyond_the_end_is_sent() -> None:
    item = (tone(), RATE)
    part = more(item, {"what": "sound", "at": 44 + 2 * len(tone()), "version": ""}, 1_000)
    assert part.media[0][1] == b""


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour at 8 kHz with a repeating pattern of minutes, each half as loud as the previous one."""
    path = tmp_path_factory.mktemp("hour") / "hour.wav"
    minute = np.sin(np.arange(60 * RATE) / 5) * 32_767
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for k in range(60):
            file.writeframes((minute / 2 ** (k % 4)).astype("<i2").tobytes())
    return path


def test_an_hour_is_seen_in_parts_none_of_which_keeps_others_waiting(
    hour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "AT_ONCE", 2**18)
    monkeypatch.setattr(waves, "MOMENT", 0.01)
    monkeypatch.setattr("hitl_widgets.items.audio.GLANCE", 0.001)
    content = shown(str(hour))
    assert content["seconds"] == pytest.approx(3600)
    assert 0 < len(peaks_of(content)) < content["bins"]
    found = all_peaks(str(hour))
    minutes = [
        np.abs(found[round(k * 2_048 / 60) + 1 : round((k + 1) * 2_048 / 60) - 1]).max() for k in range(60)
    ]
    np.testing.assert_allclose(minutes, [1 / 2 ** (k % 4) for k in range(60)], atol=0.01)
    assert len(peaks_of(shown(str(hour)))) == content["bins"], "they are kept"
    data, _ = played(gathered(str(hour), clip=7))
    assert len(data) / RATE == pytest.approx(content["clip"])


def test_of_an_hour_some_windows_are_heard_for_the_features(hour: Path) -> None:
    X, _ = AUDIO.features([str(hour), (tone(3), RATE)])
    assert X.shape[0] == 2
    assert np.isfinite(X).all()


# -- features


def voices(n: int, seed: int = 0) -> tuple[list[tuple[Samples, int]], Samples]:
    """Tones, noise, clicks and sweeps of any loudness."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE) / RATE

    def one(k: int) -> Samples:
        if k == 0:
            return np.sin(2 * np.pi * rng.uniform(200, 2_000) * t)
        if k == 1:
            return rng.normal(0, 0.3, RATE)
        if k == 2:
            clicks = rng.normal(0, 0.001, RATE)
            clicks[rng.integers(0, RATE, 8)] = 1
            return clicks
        return np.sin(2 * np.pi * (rng.uniform(200, 400) * t + rng.uniform(500, 1_000) * t**2))

    y = np.arange(n) % 4
    return [((rng.uniform(0.1, 1) * one(k)).astype(np.float32), RATE) for k in y], y


def test_features_tell_tones_noise_clicks_and_sweeps_apart_from_two_examples_each() -> None:
    from sklearn.linear_model import LogisticRegression

    items, y = voices(80)
    X, _ = AUDIO.features(items)
    assert X.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-3)
    assert LogisticRegression(C=10).fit(X[:8], y[:8]).score(X[8:], y[8:]) > 0.95


def test_what_cannot_be_read_is_warned_of_and_where_nothing_can_it_is_said() -> None:
    items, _ = voices(8)
    with pytest.warns(RuntimeWarning, match=r"1 of 9 recordings cannot be read.*number 3: .*cannot be read"):
        X, encoder = AUDIO.features([*items[:3], "gone.wav", *items[3:]])
    assert X.shape[0] == 9
    with pytest.raises(InvalidInput, match=r"None of the 2 recordings.*'gone.wav'"):
        encoder.transform(["gone.wav", None])


@pytest.mark.parametrize("frames", [1, 3, 200])
def test_very_short_silent_and_odd_recordings_become_finite_numbers(frames: int) -> None:
    odd = [
        (np.zeros(frames, np.float32), RATE),
        (np.full(frames, np.nan), 100),
        (np.ones((frames, 2), np.int16), 192_000),
        (tone(), RATE),
    ]
    X, _ = AUDIO.features(odd)
    assert np.isfinite(X).all()


def test_progress_is_told_and_it_can_be_stopped() -> None:
    from hitl_widgets.background.children import Cancelled

    items, _ = voices(8)
    told: list[float] = []
    AUDIO.features(items, on_progress=told.append)
    assert told == pytest.approx(np.arange(1, 9) / 8)
    with pytest.raises(Cancelled):
        AUDIO.features(items, cancelled=lambda: len(told) > 0)


def test_a_session_learns_from_recordings_and_its_model_travels(make_session: Make, tmp_path: Path) -> None:
    items, y = voices(40)
    session = make_session(items, classes=["tone", "noise", "click", "sweep"])
    assert session.pool.kind == "audio"
    session.wait()
    for i in range(12):
        session.label(session.pool.ids[i], ["tone", "noise", "click", "sweep"][y[i]])
    session.wait()
    path = session.save_model(tmp_path / "model.npz")
    new, truth = voices(20, seed=1)
    found = hitl.load_model(path).predict(new)
    assert (found == np.array(["tone", "noise", "click", "sweep"])[truth]).mean() > 0.9


def test_peaks_and_open_files_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(waves, "OPEN", 3)
    monkeypatch.setattr(waves, "FILES", 5)
    for i in range(9):
        path = tmp_path / f"{i}.wav"
        path.write_bytes(wav(tone(0.01)))
        shown(path)
    assert (len(waves._open), len(waves._peaks)) == (3, 5)


def test_opening_is_quick_the_second_time(hour: Path) -> None:
    all_peaks(str(hour))
    since = time.perf_counter()
    for _ in range(20):
        shown(str(hour))
    assert time.perf_counter() - since < 20
