"""Measure what the built-in image features gain, and print a table for docs/image-features.md.

    python -m benchmarks.features.images                          every set that is installed, 3 seeds
    python -m benchmarks.features.images --sets digits --seeds 5
    python -m benchmarks.features.images --root unpacked          Debian packages unpacked there (dpkg -x)

Uses images from packages: scikit-learn and scikit-image (pip), icons, drawings, photographs, emoji and fonts
(Debian). If a set is missing, it names the package. "Before" are the former features: the pixels of small
images, else the principal components of 24 x 24 pixels. The metric is `pool_accuracy`.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from hitl_widgets.items.features.images import encode as encode_images
from hitl_widgets.items.pictures import load_image

MOST, MOST_OF_CLASS, FEWEST = 1_000, 150, 15
AT = (20, 50, 100)
Pairs = Iterator[tuple[Any, str]]
CLIPART = (
    "animals buildings computer education electronics food geography office people plants recreation shapes "
    "signs_and_symbols tools transportation"
)
STAMPS = "animals food household plants seasonal symbols town vehicles"
ICONS = "actions apps categories devices emblems emotes mimetypes places status"
PICTURES = (
    "astronaut.png brick.png camera.png chelsea.png coffee.png coins.png grass.png gravel.png "
    "hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png retina.jpg rocket.jpg"
)
SKIN = range(0x1F3FB, 0x1F400)


class Missing(Exception):
    """A package that must be installed."""


def digits(_: Path) -> Pairs:
    from sklearn.datasets import load_digits

    found = load_digits()
    for image, digit in zip(found.images, found.target, strict=True):
        yield _png(Image.fromarray((image * 15.9).astype(np.uint8))), str(digit)


def faces(_: Path) -> Pairs:
    """Faces and other parts of photographs."""
    for i, image in enumerate(np.load(_skimage() / "lfw_subset.npy")):
        yield (image * 255).astype(np.uint8), "face" if i < 100 else "other"


def patches(_: Path) -> Pairs:
    """Squares of photographs and micrographs; the class is the picture."""
    from sklearn.datasets import load_sample_images

    rng, base = np.random.default_rng(0), _skimage()
    pictures = {name: Image.open(base / name).convert("RGB") for name in PICTURES.split()}
    pictures |= {str(i): Image.fromarray(image) for i, image in enumerate(load_sample_images().images)}
    for name, picture in pictures.items():
        for _ in range(80):
            x, y = rng.integers(0, picture.width - 64), rng.integers(0, picture.height - 64)
            patch = picture.crop((x, y, x + 64, y + 64))
            if np.asarray(patch).std() > 6:
                yield _png(patch), name


def grey_patches(root: Path) -> Pairs:
    yield from ((_png(Image.open(io.BytesIO(patch)).convert("L")), name) for patch, name in patches(root))


def glyphs(root: Path) -> Pairs:
    """Letters in upper and lower case, slightly displaced; the class is the letter."""
    rng = np.random.default_rng(0)
    for file in _files(root, "fonts/truetype", "*.ttf", "fonts-dejavu-core and fonts-liberation"):
        for letter in "" if "Emoji" in file.name else "abcdefghijklmnopqrstuvwxyz":
            for text in (letter, letter.upper()):
                font = ImageFont.truetype(str(file), int(rng.integers(20, 34)))
                image = Image.new("L", (48, 48), 255)
                at = 24 + int(rng.integers(-5, 6)), 24 + int(rng.integers(-5, 6))
                ImageDraw.Draw(image).text(at, text, font=font, fill=0, anchor="mm")
                yield _png(image), letter


def icons(root: Path) -> Pairs:
    for kind in ICONS.split():
        for file in _files(root, f"icons/oxygen/base/64x64/{kind}", "*.png", "oxygen-icon-theme"):
            yield file.read_bytes(), kind


def clipart(root: Path) -> Pairs:
    for kind in CLIPART.split():
        for file in _files(root, f"openclipart/png/{kind}", "*.png", "openclipart-png"):
            yield file, kind


def stamps(root: Path) -> Pairs:
    """Photographs and drawings of things."""
    for kind in STAMPS.split():
        for file in _files(root, f"tuxpaint/stamps/{kind}", "*.png", "tuxpaint-stamps-default"):
            yield file, kind


def emoji(root: Path) -> Pairs:
    """Emoji; the class is the Unicode group."""
    file = _files(root, "fonts", "NotoColorEmoji.ttf", "fonts-noto-color-emoji")[0]
    font, group = ImageFont.truetype(str(file), 109), ""
    listed = _files(root, "unicode/emoji", "emoji-test.txt", "unicode-data")[0]
    for line in listed.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line[9:].strip()
        elif "; fully-qualified" in line and group != "Component":
            codes = [int(code, 16) for code in line.split(";")[0].split()]
            if len(codes) <= 2 and not any(code in SKIN for code in codes):
                image = Image.new("RGBA", (136, 128))
                text = "".join(map(chr, codes))
                ImageDraw.Draw(image).text((0, 0), text, font=font, embedded_color=True)
                yield _png(image.resize((64, 60))), group


SETS: dict[str, Callable[[Path], Pairs]] = {
    "digits": digits,
    "faces": faces,
    "letters": glyphs,
    "patches": patches,
    "patches, grey": grey_patches,
    "icons": icons,
    "clip art": clipart,
    "stamps": stamps,
    "emoji": emoji,
}


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _skimage() -> Path:
    found = importlib.util.find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        raise Missing("pip install scikit-image")
    return Path(found.submodule_search_locations[0]) / "data"


def _files(root: Path, folder: str, pattern: str, package: str) -> list[Path]:
    """Distinct files, if several names lead to the same one."""
    found = {file.resolve(): file for file in sorted((root / "usr/share" / folder).rglob(pattern))}
    if not found:
        raise Missing(f"apt-get install {package}, or unpack it and pass --root")
    return list(found.values())


def load(name: str, root: Path) -> tuple[list[Any], np.ndarray[Any, Any]]:
    """Distinct readable images with a single class, drawn with seed 0."""
    found = list(SETS[name](root))
    items, kinds, counts, seen = [], [], dict[str, int](), set()
    for i in np.random.default_rng(0).permutation(len(found)):
        item, kind = found[i]
        digest = hash(item.tobytes() if isinstance(item, np.ndarray) else item)
        if digest in seen or counts.get(kind, 0) == MOST_OF_CLASS:
            continue
        try:
            load_image(item)
        except ValueError:  # some drawings are too large
            continue
        seen.add(digest)
        counts[kind] = counts.get(kind, 0) + 1
        items.append(item)
        kinds.append(kind)
    keep = [i for i, kind in enumerate(kinds) if counts[kind] >= FEWEST][:MOST]
    return [items[i] for i in keep], np.unique([kinds[i] for i in keep], return_inverse=True)[1]


def before(items: list[Any]) -> np.ndarray[Any, Any]:
    """The former features."""
    images = [load_image(item) for item in items]
    for image in images:
        image.thumbnail((256, 256))
    images = [image if image.mode in {"L", "RGB"} else image.convert("RGB") for image in images]
    shapes = {np.asarray(image).shape for image in images}
    if len(shapes) == 1 and np.prod(next(iter(shapes))) <= 1024:
        return np.stack([np.asarray(image).ravel() for image in images]).astype(np.float32) / 255
    rows = [np.asarray(image.convert("RGB").resize((24, 24)), np.float32).ravel() / 255 for image in images]
    pca = PCA(min(128, len(rows)), random_state=0)
    return pca.fit_transform(np.stack(rows)).astype(np.float32)


def now(items: list[Any]) -> np.ndarray[Any, Any]:
    return encode_images(items)[0]


def run(view: str, X: Any, y: Any, seed: int) -> list[dict[str, Any]]:
    who: dict[str, Any] = {"ours": ("auto", "auto")}
    if view == "now":
        who["LR"] = (LogisticRegression(C=10, max_iter=2_000), "margin")
    frame = hitl.simulate(
        X, y, contestants=who, budget=max(AT), repeats=1, at=AT, random_state=seed, n_jobs=1, progress=False
    ).frame
    return [{"view": view, **row} for row in
            frame[["contestant", "n_labels", "pool_accuracy"]].to_dict("records")]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=[*SETS], default=[*SETS], metavar="SET")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--root", type=Path, default=Path("/"))
    given = parser.parse_args()
    heads = ["set", "images", "before", "now", "LR (C = 10) + margin", "images a second, before / now"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    gains = []
    for name in given.sets:
        try:
            items, y = load(name, given.root)
        except Missing as error:
            print(f"{name}: {error}")
            continue
        made, speed = {}, []
        for make in (before, now):
            start = time.process_time()
            made[make.__name__] = make(items)
            speed.append(len(items) / (time.process_time() - start))
        rows = [row for view, X in made.items() for seed in range(given.seeds)
                for row in run(view, X, y, seed)]  # fmt: skip
        mean = pd.DataFrame(rows).groupby(["view", "contestant", "n_labels"])["pool_accuracy"].mean()
        columns = [mean[key].to_numpy() for key in (("before", "ours"), ("now", "ours"), ("now", "LR"))]
        gains.append(columns[1] - columns[0])
        cells = [" / ".join(f"{v:.3f}" for v in column) for column in columns]
        rates = " / ".join(f"{rate:,.0f}" for rate in speed)
        print(f"| {name} | {len(y):,} | {' | '.join(cells)} | {rates} |", flush=True)
    if gains:
        print("\nmean gain at", *AT, "labels:", *(f"{v:+.3f}" for v in np.mean(gains, axis=0)))
        print("worst:", *(f"{v:+.3f}" for v in np.min(gains, axis=0)))


if __name__ == "__main__":
    main()
