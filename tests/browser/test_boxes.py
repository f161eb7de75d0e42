"""Boxes, polygons, points and masks on images: by keyboard alone, by mouse, and on a large image."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

CELL = """import hitl_widgets as hitl
from sklearn.datasets import load_sample_images
images = load_sample_images().images
session = hitl.Session(
    images, kind="image", question=hitl.Question.{kind}(["roof", "tree"], "Mark all of them."),
    suggest=lambda items: [{suggested}] * len(items), store="{kind}.sqlite", random_state=1)
hitl.Labeler(session)"""
