"""Seconds that ``hitl-widgets convert`` takes for 100,000 rows; prints the table of docs/formats.md.

``python -m benchmarks.speed.convert_times``
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS = 100_000
WORDS = [
    "the",
    "model",
    "person",
    "in",
    "New",
    "York",
    "asks",
    "whether",
    "it",
    "may",
    "label",
    "one",
    "text",
]
ROUTES = [
    ("choices.json", "out.csv", "Label Studio, choices -> CSV", []),
    ("spans.jsonl", "out.conll", "Prodigy, spans -> CoNLL", []),
    ("spans.jsonl", "tasks.json", "Prodigy, spans -> Label Studio", ["--to", "label-studio"]),
    ("coco.json", "yolo", "COCO, 3 boxes an image -> YOLO (a file for each image)", ["--to", "yolo"]),
    ("coco.json", "tasks2.json", "COCO, 3 boxes an image -> Label Studio", ["--to", "label-studio"]),
    ("plain.csv", "out.parquet", "CSV -> Parquet", []),
]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        print("| 100,000 rows | seconds | of processor time |\n|---|---|---|")
        for source, target, words, more in ROUTES:
            command = [sys.executable, "-m", "hitl_widgets.cli", "convert", source, target, *more]
            start, spent = time.perf_counter(), _spent()
            done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
            took = time.perf_counter() - start
            assert done.returncode == 0, done.stderr
            assert f"{ROWS:,} answers" in done.stdout
            print(f"| {words} | {took:.1f} | {_spent() - spent:.1f} |", flush=True)


def _spent() -> float:
    """Return the processor time of the commands so far: on a busy machine, a fairer figure."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make(folder: Path) -> None:
    """Write the files to convert."""
    chance = random.Random(0)
    texts = [f"{' '.join(chance.choices(WORDS, k=40))} {k}" for k in range(ROWS)]

    def result(k: int) -> dict[str, Any]:
        value = {"choices": [f"class {k % 9}"]}
        return {"from_name": "tone", "to_name": "text", "type": "choices", "value": value}

    tasks = [
        {
            "id": k,
            "data": {"text": text},
            "annotations": [{"result": [result(k)], "completed_by": 1, "lead_time": 2.5}],
        }
        for k, text in enumerate(texts)
    ]
    (folder / "choices.json").write_text(json.dumps(tasks), encoding="utf-8")
    with (folder / "spans.jsonl").open("w", encoding="utf-8") as file:
        for text in texts:
            ends = [text.index(" "), text.rindex(" ")]
            spans = [{"start": 0, "end": ends[0], "label": "first"}]
            spans += [{"start": ends[1] + 1, "end": len(text), "label": "number"}]
            file.write(json.dumps({"text": text, "spans": spans, "answer": "accept"}) + "\n")
    images = [{"id": k, "width": 640, "height": 480, "file_name": f"{k:06}.jpg"} for k in range(ROWS)]
    boxes = [
        {
            "id": k,
            "image_id": k // 3,
            "category_id": 1 + k % 5,
            "bbox": [k % 500, k % 400, 60.5, 20],
            "iscrowd": 0,
        }
        for k in range(3 * ROWS)
    ]
    classes = [{"id": k + 1, "name": f"class {k}"} for k in range(5)]
    coco = {"images": images, "annotations": boxes, "categories": classes}
    (folder / "coco.json").write_text(json.dumps(coco), encoding="utf-8")
    with (folder / "plain.csv").open("w", encoding="utf-8") as file:
        file.write("id,text,label\n")
        file.writelines(f"{k},{text},class {k % 9}\n" for k, text in enumerate(texts))


if __name__ == "__main__":
    main()
