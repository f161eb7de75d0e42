"""Videos: exact frames of every container, times, parts for the browser, and files that are not videos."""

from __future__ import annotations

import io
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items import clips
from hitl_widgets.items import video as module
from hitl_widgets.items.base import Size, kind_of
from videos import number_of, video

KIND: Any = kind_of("video")
UNEVEN = np.cumsum([0, *np.random.default_rng(0).choice([0.02, 0.033, 0.05, 0.2], 39)]).tolist()


@pytest.fixture(scope="module")
def plain() -> bytes:
    return video(40)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"form": "mov"},
        {"form": "matroska"},
        {"form": "mpegts"},
        {"codec": "libvpx", "form": "webm"},
        {"codec": "libvpx", "form": "webm", "auto-alt-ref": "1", "lag-in-frames": "16"},
        {"codec": "libvpx-vp9", "form": "webm"},
        {"codec": "mpeg4", "form": "avi"},
        {"times": UNEVEN},
    ],
    ids=lambda given: " ".join(map(str, given.values()))[:30] or "mp4",
)
def test_every_frame_is_exact_in_any_order(given: dict[str, Any]) -> None:
    times = given.get("times", [i / 25 for i in range(40)])
    clip = clips.clip_of(video(40, **given))
    clip.scan.look(60)
    assert clip.scan.done
    np.testing.assert_allclose(clip.scan.times - clip.scan.times[0], np.subtract(times, times[0]), atol=0.002)
    assert clip.scan.end > clip.scan.times[-1]
    order = [*np.random.default_rng(0).permutation(40).tolist(), *range(39, -1, -1), *range(40)]
    assert [number_of(clip.frame(i)) for i in order] == order


def test_the_times_of_frames_can_be_asked_for(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(plain)
    np.testing.assert_allclose(hitl.frame_times(tmp_path / "a.mp4"), np.arange(40) / 25, atol=1e-3)


def told(ask: dict[str, Any], item: Any, most: int = 10_000) -> Any:
    return KIND.more(item, ask, most)


def test_a_browser_gets_times_frames_and_the_file_in_parts(plain: bytes) -> None:
    made = KIND.payload(plain, Size())
    assert made.content["type"] == 'video/mp4; codecs="avc1.42E01E"'
    assert (made.content["width"], made.content["height"], made.content["bytes"]) == (160, 120, len(plain))
    assert number_of(Image.open(io.BytesIO(made.media[0][1]))) == 0
    assert told({"what": "scan"}, plain).content == {"kind": "video", "share": 1.0, "frames": 40}
    [(_, times)] = told({"what": "times"}, plain).media
    assert np.frombuffer(times, "<u4").tolist() == [400 * i for i in range(41)]
    [(mime, frame)] = told({"what": "frame", "index": 33, "side": 160}, plain).media
    assert (mime, number_of(Image.open(io.BytesIO(frame)))) == ("image/jpeg", 33)
    parts = [told({"what": "file", "at": at}, plain, 1_000) for at in range(0, len(plain), 1_000)]
    assert b"".join(part.media[0][1] for part in parts) == plain
    assert {part.content["total"] for part in parts} == {len(plain)}


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        ({"what": "frame", "index": 40}, "index=40 is not in the video"),
        ({"what": "frame", "index": 0.5}, r"index=0\.5 is not in the video"),
        ({"what": "frame", "index": 1, "side": 99_999}, "side=99999 is not in the video"),
        ({"what": "file", "at": -1}, "at=-1 is not in the video"),
        ({"what": "clip"}, "has no part 'clip'"),
        ({"what": "scan", "version": "1"}, "has changed since it was displayed"),
    ],
)
def test_requests_for_other_parts_are_refused(ask: dict[str, Any], why: str, plain: bytes) -> None:
    told({"what": "scan"}, plain)
    with pytest.raises(ValueError, match=why):
        told(ask, plain)


def test_large_files_are_shown_frame_by_frame(plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WHOLE", 1_000)
    assert KIND.payload(plain, Size()).content["large"]
    with pytest.raises(ValueError, match="has no part 'file'"):
        told({"what": "file", "at": 0}, plain)
    told({"what": "scan"}, plain)
    assert told({"what": "frame", "index": 7, "side": 160}, plain).media


def test_what_is_no_video_says_so_and_the_others_are_shown(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a video")
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/a.mp4\n")
    (tmp_path / "cut.mp4").write_bytes(plain[: len(plain) // 2])
    (tmp_path / "cut.webm").write_bytes(video(40, codec="libvpx", form="webm")[:1_200])
    (tmp_path / "a.mp4").write_bytes(plain)
    sound = io.BytesIO()
    import av

    with av.open(sound, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    reasons = {
        "empty.mp4": "The video is empty: it has 0 bytes.",
        "text.mp4": "The file is not a video, or it is damaged",
        "list.mp4": "The file is not a video, or it is damaged",
        "cut.mp4": "",  # depends on where the index is
        "missing.mp4": "The video cannot be read: No such file or directory.",
    }
    values = [None, sound.getvalue(), *(tmp_path / name for name in (*reasons, "cut.webm", "a.mp4"))]
    session = hitl.Session(values, kind="video", classes=["a", "b"], X=np.eye(9), store=":memory:")
    made = [session.pool.payload(row, Size()).content for row in range(9)]
    session.close()
    assert made[0]["why"] == "This item has no video."
    assert made[1]["why"] == "The file has no pictures: it is sound only."
    for content, why in zip(made[2:7], reasons.values(), strict=True):
        assert content["kind"] == "broken"
        assert why in content["why"]
        assert content["why"].endswith(".")
    # What is there of a truncated file is shown.
    clip = clips.clip_of(tmp_path / "cut.webm")
    clip.scan.look(9)
    assert 0 < len(clip.scan.ticks) < 40
    assert [number_of(clip.frame(i)) for i in (0, 3)] == [0, 3]
    assert made[8]["kind"] == "video"


def test_absurd_sizes_and_counts_are_refused(plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_PIXELS", 1_000)
    assert (
        KIND.payload(bytes(bytearray(plain)), Size()).content["why"]
        == "The video has 160 x 120 pixels: too many."
    )
    monkeypatch.undo()
    monkeypatch.setattr(clips, "MOST_FRAMES", 10)
    with pytest.raises(ValueError, match="more than 10 frames"):
        clips.Scan(plain).look(9)


def test_without_pyav_one_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(
        InvalidInput, match=r"needs av, which is not installed. Run: pip install 'hitl-widgets\[video\]'"
    ):
        hitl.Session(["a.mp4"], kind="video", classes=["a", "b"], store=":memory:")


def test_videos_are_recognised(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(plain)
    for values in ([plain], [tmp_path / "a.mp4", None], [str(tmp_path / "a.mp4")]):
        assert hitl.Pool.from_data(values).kind == "video"
    assert KIND.read([{"bytes": plain, "path": None}], "items") == [plain]
    assert hitl.Pool.from_data(["what is in a.mp4", "b"]).kind == "text"


def test_turned_and_stretched_videos_are_shown_as_players_do() -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        pixels = np.zeros((64, 96, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    clip = clips.clip_of(file.getvalue())
    assert (clip.width, clip.height) == (192, 64)
    assert KIND.extent(file.getvalue())[:3] == (192, 64, 1)


def test_few_files_stay_open_while_the_times_of_many_videos_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "STEP", 2)
    paths = [tmp_path / f"{i}.mp4" for i in range(2 * clips.OPEN)]
    scans = []
    for path in paths:
        path.write_bytes(video(60))
        scans.append(clips.Scan(path))
        with monkeypatch.context() as clock:
            clock.setattr(clips.time, "monotonic", itertools.count().__next__)
            scans[-1].look(1.5)  # the first packets only
        assert not scans[-1].done
    opened = [os.path.realpath(fd) for fd in Path("/proc/self/fd").iterdir()]
    assert 0 < sum(str(path) in opened for path in paths) <= clips.OPEN
    for scan in scans:
        while not scan.done:
            scan.look(0.01)
        assert len(scan.ticks) == 60


@pytest.mark.parametrize("form", ["mp4", "mpegts", "matroska"])
def test_a_thumbnail_is_from_the_middle_also_where_time_does_not_start_at_0(form: str) -> None:
    clip = clips.clip_of(video(100, form=form, times=[10 + i / 25 for i in range(100)]))
    assert 28 <= number_of(clip.sample(0.4)) <= 52
