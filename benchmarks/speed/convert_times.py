"""Seconds that ``hitl-widgets convert`` takes for 100,000 rows; prints the table of docs/formats.md.

``python -m benchmarks.speed.convert_times``
"""

from __future__ import annotations

import importlib.util
import json
import os
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
# Each format is read and written once; later routes read what earlier ones wrote.
ROUTES = [
    ("choices.json", "out.csv", "Label Studio, choices -> CSV", []),
    ("out.csv", "out.parquet", "CSV -> Parquet", ["--kind", "choice"]),
    ("out.parquet", "out.xlsx", "Parquet -> Excel", ["--kind", "choice"]),
    ("out.xlsx", "doccano.jsonl", "Excel -> doccano", ["--kind", "choice", "--to", "doccano"]),
    ("doccano.jsonl", "rows.jsonl", "doccano -> Hugging Face rows", []),
    ("rows.jsonl", "prodigy.jsonl", "Hugging Face rows -> Prodigy", ["--to", "prodigy"]),
    ("argilla.json", "out2.csv", "Argilla -> CSV", []),
    ("spans.jsonl", "out.conll", "Prodigy, spans -> CoNLL", []),
    ("out.conll", "tasks.json", "CoNLL -> Label Studio", ["--to", "label-studio"]),
    ("spans.jsonl", "out.spacy", "Prodigy, spans -> spaCy", []),
    ("out.spacy", "out3.csv", "spaCy -> CSV", []),
    ("pairs.jsonl", "trl.jsonl", "TRL, comparisons -> TRL", ["--to", "trl"]),
    ("coco.json", "tasks2.json", "COCO, 3 boxes an image -> Label Studio", ["--to", "label-studio"]),
    ("tasks2.json", "yolo", "Label Studio, boxes -> YOLO (a file for each image)", ["--to", "yolo"]),
    ("coco.json", "voc", "COCO, 3 boxes an image -> Pascal VOC (a file for each image)", ["--to", "voc"]),
    ("voc", "coco2.json", "Pascal VOC -> COCO", ["--to", "coco"]),
]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        print("| 100,000 rows | seconds | of processor time | load |\n|---|---|---|---|")
        for source, target, words, more in ROUTES:
            if "spaCy" in words and importlib.util.find_spec("spacy") is None:
                print(f"| {words} | spaCy is not installed | | |")
                continue
            command = [sys.executable, "-m", "hitl_widgets.cli", "convert", source, target, *more]
            start, spent = time.perf_counter(), _spent()
            done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
            took = time.perf_counter() - start
            # 1 if something was left out, but every answer must have been converted.
            assert done.returncode in {0, 1}, done.stderr
            assert f"{ROWS:,} answers" in done.stdout, done.stdout + done.stderr
            load = os.getloadavg()[0]
            print(f"| {words} | {took:.1f} | {_spent() - spent:.1f} | {load:.1f} |", flush=True)


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
    answers = [
        {
            "id": f"i{k}",
            "fields": {"text": text},
            "responses": {"tone": [{"value": f"class {k % 9}", "user_id": "u", "status": "submitted"}]},
        }
        for k, text in enumerate(texts)
    ]
    (folder / "argilla.json").write_text(json.dumps(answers), encoding="utf-8")
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"prompt": "Which?", "chosen": text, "rejected": text[::-1]}) + "\n")
    (folder / "coco.json").write_text(json.dumps(coco), encoding="utf-8")


if __name__ == "__main__":
    main()
