"""Turns: priorities, and overlapping limits on threads."""

from __future__ import annotations

import threading
import time

import numpy as np  # noqa: F401 - brings a BLAS to limit
import pytest

from hitl_widgets.background import turns
from hitl_widgets.background.turns import behind, first, give_way, held, one_blas_thread, one_thread


def blas_threads() -> set[int]:
    """The thread counts of the libraries loaded when the limit was first requested."""
    return {found["num_threads"] for found in turns._libraries().info() if found["user_api"] == "blas"}


def test_background_work_stands_still_while_somebody_waits():
    steps, stop = [], threading.Event()

    def work() -> None:
        with behind():
            while not stop.is_set():
                steps.append(time.monotonic())
                give_way()
                time.sleep(0.001)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        time.sleep(0.05)
        with first():
            time.sleep(0.02)  # work in progress may end
            before = len(steps)
            time.sleep(0.1)
            assert len(steps) == before
        time.sleep(0.05)
        assert len(steps) > before + 3
    finally:
        stop.set()
        thread.join()


def test_it_never_waits_for_longer_than_the_limit(monkeypatch):
    monkeypatch.setattr(turns, "MOST", 0.05)
    done = threading.Event()

    def work() -> None:
        with behind():
            give_way()
        done.set()

    with first():
        threading.Thread(target=work).start()
        assert done.wait(5), "work that holds a lock would wait for ever"


def test_work_that_waited_long_enough_does_not_wait_again_for_the_same(monkeypatch):
    monkeypatch.setattr(turns, "MOST", 0.05)
    done = threading.Event()

    def work() -> None:
        with behind():
            for _ in range(100):
                give_way()
        done.set()

    with first():
        threading.Thread(target=work).start()
        assert done.wait(2)


def test_who_waits_for_background_work_lets_it_go_on():
    lock, inside, took = threading.Lock(), threading.Event(), []

    def work() -> None:
        with behind(), lock:
            inside.set()
            began = time.monotonic()
            for _ in range(30):
                give_way()
                time.sleep(0.001)
            took.append(time.monotonic() - began)

    thread = threading.Thread(target=work)
    with first():
        thread.start()
        assert inside.wait(5)
        with held(lock):
            assert turns._busy == 1
    thread.join()
    assert took[0] < turns.MOST
    assert turns._busy == 0


def test_what_is_not_background_work_waits_for_nobody():
    with first():
        began = time.monotonic()
        give_way()
        assert time.monotonic() - began < turns.MOST / 2


def test_a_failure_gives_the_turn_back():
    with pytest.raises(RuntimeError), first():
        raise RuntimeError
    with behind():
        began = time.monotonic()
        give_way()
        assert time.monotonic() - began < turns.MOST / 2


def test_limits_that_overlap_leave_the_threads_as_they_were():
    before = blas_threads()
    a, b = one_blas_thread(), one_thread()
    a.__enter__()
    assert blas_threads() == {1}
    b.__enter__()
    a.__exit__(None, None, None)
    assert blas_threads() == {1}, "another is still inside"
    with one_blas_thread():
        b.__exit__(None, None, None)
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_a_limit_holds_whichever_thread_sets_it():
    before = blas_threads()
    seen = []

    def work():
        with one_blas_thread():
            seen.append(blas_threads())
        seen.append(blas_threads())

    with one_blas_thread():
        pass
    for _ in range(2):
        there = threading.Thread(target=work)
        there.start()
        there.join()
    with one_blas_thread():
        seen.append(blas_threads())
    assert seen == [{1}, before] * 2 + [{1}]
    assert blas_threads() == before


def test_one_blas_thread_may_decorate():
    @one_blas_thread()
    def found():
        return blas_threads()

    assert found() == {1}
