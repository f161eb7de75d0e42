"""Image features: texture, outlines and colours, identical for the pool and for new images."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from hitl_widgets.background.children import Cancelled
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.features import images
from hitl_widgets.items.features.images import Columns, ImageDescriptors, describe
from hitl_widgets.items.features.images import encode as encode_images
from hitl_widgets.models.files import load_model, save_model
from hitl_widgets.session import Session

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (40, 30, 3), dtype=np.uint8)


def noise(n: int, shape: tuple[int, ...] = (20, 24, 3)) -> list[Any]:
    return list(RNG.integers(0, 256, (n, *shape), dtype=np.uint8))


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def stripes(n: int, side: int = 40) -> tuple[list[Any], np.ndarray[Any, Any]]:
    """Horizontal or vertical stripes of any colour."""
    y, made = np.arange(n) % 2, []
    for down in y:
        wave = (np.arange(side) // int(RNG.integers(3, 6)) % 2)[:, None] * np.ones(side)
        grey = wave if down else wave.T
        made.append((grey[..., None] * RNG.integers(80, 256, 3)).astype(np.uint8))
    return made, y


KINDS: dict[str, list[Any]] = {
    "arrays": noise(9),
    "grey arrays": noise(9, (20, 24)),
    "one channel": noise(9, (20, 24, 1)),
    "with transparency": noise(9, (20, 24, 4)),
    "floats": [a / 255 for a in noise(9)],
    "of wide numbers": [a.astype(np.int32) * 1000 for a in noise(9, (20, 24))],
    "one pixel": noise(9, (1, 1, 3)),
    "one pixel wide": noise(9, (30, 1)),
    "large": noise(3, (700, 1100, 3)),
    "of many sizes": [a for side in (1, 2, 7, 63, 64, 65, 200) for a in noise(2, (side, 2 * side, 3))],
    "alike": [PHOTO] * 6,
    "black": [np.zeros((9, 9), np.uint8)] * 6,
    "one": [PHOTO],
    "two": [PHOTO, PHOTO[::-1]],
    "Pillow images": [Image.new("L", (20 + i, 30), i * 20).convert(mode) for i, mode in
                      enumerate(["L", "RGB", "RGBA", "1", "P", "LA", "I", "F", "CMYK", "HSV"])],
    "16 bits": [Image.fromarray(a.astype(np.uint16) * 200) for a in noise(5, (20, 24))],
    "files": [png(Image.fromarray(a), kind) for a in noise(2) for kind in
              ("PNG", "JPEG", "WEBP", "BMP", "GIF")],
    "of a data set": [{"bytes": png(Image.fromarray(a)), "path": None} for a in noise(4)],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_every_kind(kind: str, tmp_path: Path) -> None:
    items = KINDS[kind]
    with np.errstate(all="ignore"):
        X, encoder = encode_images(items)
        again, _ = encode_images(items)
    assert X.dtype == np.float32
    assert X.shape == (len(items), X.shape[1])
    assert 1 <= X.shape[1] <= 64
    assert X.flags.c_contiguous
    assert np.isfinite(X).all()
    np.testing.assert_array_equal(X, again)
    np.testing.assert_allclose(encoder.transform(items), X, atol=1e-5)
    one_by_one = np.concatenate([encoder.transform([item]) for item in items])
    np.testing.assert_allclose(one_by_one, X, atol=1e-5)
    if len(items) > 1:
        loaded = load_model(save_model(encoder, tmp_path / "m.npz"))
        np.testing.assert_array_equal(loaded.transform(items), encoder.transform(items))


def test_each_view_tells_what_it_is_for() -> None:
    items, y = stripes(60)
    X = encode_images(items)[0]
    model = LogisticRegression(C=10).fit(X[:10], y[:10])
    assert (model.predict(X) == y).mean() > 0.95
    red = [np.full((20, 20, 3), (200 + i % 30, 20, 20), np.uint8) for i in range(20)]
    blue = [np.full((20, 20, 3), (20, 20, 200 + i % 30), np.uint8) for i in range(20)]
    X = encode_images(red + blue)[0]
    assert (LogisticRegression(C=10).fit(X[::8], [0] * 3 + [1] * 2).predict(X) == [0] * 20 + [1] * 20).all()


def test_transparent_is_white() -> None:
    clear = np.zeros((20, 20, 4), np.uint8)
    clear[5:15, 5:15] = 200, 10, 10, 255
    flat = np.full((20, 20, 3), 255, np.uint8)
    flat[5:15, 5:15] = 200, 10, 10
    rows, _ = describe([clear, flat])
    assert np.abs(rows[0] - rows[1]).mean() < np.abs(rows[0] - describe([clear[..., :3]])[0][0]).mean() / 5


BROKEN: dict[str, Any] = {
    "nothing": None,
    "NaN": float("nan"),
    "no image": b"no image",
    "cut off": png(Image.fromarray(PHOTO))[:60],
    "no pixels": np.zeros((0, 4), np.uint8),
    "five channels": np.zeros((4, 4, 5), np.uint8),
    "NaN inside": np.full((4, 4), np.nan),
    "no file": Path("no-such-file.png"),
    "on the web": "https://example.org/image.png",
    "too large": png(Image.new("1", (9_000, 9_000))),
    "a number": 7,
}


@pytest.mark.parametrize("way", BROKEN)
def test_what_cannot_be_read_is_said_and_gets_the_middle(way: str) -> None:
    items = [*noise(30), BROKEN[way]]
    with pytest.warns(RuntimeWarning, match=r"1 of 31 images cannot be read.*number 30") as told:
        X, encoder = encode_images(items)
    assert len(told) == 1
    assert np.isfinite(X).all()
    known = np.linalg.norm(X[:30] - X[:30].mean(axis=0), axis=1)
    assert np.linalg.norm(X[30] - X[:30].mean(axis=0)) < known.min()
    with pytest.warns(RuntimeWarning, match="1 of 31"):
        np.testing.assert_allclose(encoder.transform(items), X, atol=1e-5)
    for call in (lambda: encode_images([BROKEN[way]] * 2), lambda: encoder.transform([BROKEN[way]] * 2)):
        with pytest.raises(InvalidInput, match="None of the 2 images can be read"):
            call()


def test_of_many_images_some_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FIT_ROWS", 50)
    items = [None if i % 5 == 1 else image for i, image in enumerate(noise(300))]
    shares: list[float] = []
    with pytest.warns(RuntimeWarning, match="60 of 300 images cannot be read.*number 1:"):
        X, encoder = encode_images(items, on_progress=shares.append)
    with pytest.warns(RuntimeWarning, match="60 of 300"):
        np.testing.assert_allclose(encoder.transform(items), X, atol=1e-5)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with pytest.raises(InvalidInput, match="None of the 300"):
        encode_images([None] * 300)


def test_reading_ends_when_it_is_not_wanted() -> None:
    with pytest.raises(Cancelled):
        encode_images(noise(200), cancelled=lambda: True)


def test_patterns_are_those_of_the_paper() -> None:
    """58 uniform patterns of 8 neighbours, and one bin for the others (Ojala et al. 2002)."""
    assert np.bincount(images._uniform()).tolist() == [1] * 58 + [256 - 58]


def test_histograms_sum_to_one() -> None:
    rows, failures = describe(noise(3))
    assert not failures
    assert rows.shape == (3, images.WIDTH)
    squares = np.square(rows, dtype=np.float64)
    low = 0
    for _, width, _, _ in images.PARTS:
        # The whole has a quarter of the weight of its quarters together; there are two sizes of texture.
        total = squares[:, low : low + width].sum(axis=1)
        assert np.all((total > 0.4) & (total < 2.1))
        low += width
    assert low == images.WIDTH


def test_descriptors_learn_the_mean_of_what_can_be_read() -> None:
    items = noise(5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reader = ImageDescriptors().fit([*items, None])
    np.testing.assert_allclose(reader.mean_, describe(items)[0].mean(axis=0), rtol=1e-5)
    with pytest.warns(RuntimeWarning, match="1 of 2"):
        np.testing.assert_array_equal(reader.transform([None, items[0]])[0], reader.mean_)


def test_columns_are_cut_out() -> None:
    X = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(Columns(1, 3).fit(X).transform(X), X[:, 1:3])


def test_a_model_of_images_takes_them_as_the_session_does(
    make_session: Callable[..., Session], tmp_path: Path
) -> None:
    items, y = stripes(40)
    session = make_session(items)
    for i in range(0, 40, 2):
        session.label(session.pool.ids[i], "ab"[y[i]])
        session.label(session.pool.ids[i + 1], "ab"[y[i + 1]])
    model = session.model()
    np.testing.assert_allclose(model[:-1].transform(items), session.features, atol=1e-5)
    new, kinds = stripes(10, side=50)
    expected = np.array(["a", "b"])[kinds].tolist()
    path = tmp_path / "new.png"
    for made in (model, load_model(session.save_model(tmp_path / "m.npz"))):
        assert made.predict(new).tolist() == expected
        assert made.predict([png(Image.fromarray(a)) for a in new]).tolist() == expected
        assert made.predict([Image.fromarray(a) for a in new]).tolist() == expected
        for image, kind in zip(new, expected, strict=True):
            Image.fromarray(image).save(path)
            assert made.predict([path]).tolist() == made.predict([str(path)]).tolist() == [kind]
        with pytest.raises(InvalidInput, match=r"The only item cannot be read. It is .*gone.png"):
            made.predict([tmp_path / "gone.png"])


def test_scaling_after_the_descriptors_is_scikit_learns() -> None:
    """Pipelines of the parts can be fitted like any other."""
    items = noise(12)
    X = make_pipeline(ImageDescriptors(), Columns(0, 10)).fit_transform(items)
    np.testing.assert_array_equal(X, describe(items)[0][:, :10])
