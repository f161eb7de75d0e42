"""Computes features and the map in the background; each stage can be used immediately."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import behind, give_way, one_blas_thread, uninterrupted
from hitl_widgets.background.worker import PAUSES, Worker, half_imported
from hitl_widgets.data._features_cache import CachedFeatures
from hitl_widgets.data._map_cache import CachedMap
from hitl_widgets.data._memory import give_back
from hitl_widgets.data.embedding import Told, embeds_alone, fit_embedding
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.placing import Rows, amid, place
from hitl_widgets.data.pool import Pool
from hitl_widgets.data.projection import Cancelled, UmapProcess, pca_map, umap_available, umap_installed
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import content_hash
from hitl_widgets.items.features.sentences import INSTALL, has_sentences
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.strikes import Strike
from hitl_widgets.maps.map import Map, Method, check_scale, draw, regroup

__all__ = ["Map", "Preparation", "Stage", "build_features", "encode", "regroup"]

Places = npt.NDArray[np.float32]

MOST_IN_GRAPH = 200_000
SOME = 500  # items encoded again at a time, and rows that tell the length of a typical one
NO_MEANING = f"by their words only; {INSTALL} for their meaning"
# The largest difference of a feature computed twice; rounding errors are about 1e-6.
SAME = 1e-3
OTHER_FEATURES = (
    "The features of the texts, which were cached beside the store, differ from those computed now; another "
    "machine may have computed them. They have been replaced: run the cell that creates the session again, "
    "then call model()."
)
NO_UMAP = "the map shows principal components only; pip install umap-learn for a map that shows groups"


@dataclass(frozen=True, slots=True)
class Stage:
    """The current stage of the preparation: a text for the user, and the share done if known."""

    words: str
    fraction: float | None = None


def build_features(pool: Pool, embed: Any = None) -> npt.NDArray[np.float32]:
    """Compute features of the items, by their kind or the user's ``embed``."""
    return encode(pool, embed)[0]


def encode(
    pool: Pool, embed: Any = None, *, cache: Path | None = None, **told: Any
) -> tuple[npt.NDArray[np.float32], Any]:
    """Return the result of :func:`build_features`, and the fitted scikit-learn transformer or None.

    ``told`` are the callbacks of :meth:`ItemKind.features`; ``on_words`` is called only for texts. ``cache``
    is the folder for the vectors of a slow ``embed``. Texts are
    read with one BLAS thread: the features then depend on the texts alone, and on a busy machine this is
    twice as fast.
    """
    kind = pool.item_kind
    if embed is not None:
        how = Told(**{name: told[name] for name in ("on_progress", "cancelled") if name in told}, cache=cache)
        if isinstance(kind, ListKind):
            return kind.encoded(pool.items, lambda members: fit_embedding(members, embed, kind.of, how))
        return fit_embedding(pool.items, embed, kind, how)
    if pool.texts is not None:
        with one_blas_thread():
            return kind.features(pool.texts, **told)
    told.pop("on_words", None)
    if isinstance(kind, ListKind) and kind.of.reads:
        with one_blas_thread():
            return kind.features(pool.items, **told)
    return kind.features(pool.items, **told)


class Preparation:
    """Computes features, a PCA preview of the map, the neighbor graph, and the UMAP of that graph.

    An earlier map of most of the items is reused: their positions do not change, and other items are placed
    among them.

    Parameters
    ----------
    on_features, on_map, on_graph, on_stage, on_error
        Called from a background thread; ``on_stage(None)`` when all is done. ``on_features`` gets the
        features and the keywords ``passing``, whether better features will follow, and ``strikes``, what they
        leave out or count more.
    on_turn
        Called when regrouping fails, and when it works again: see ``Worker``.
    before_graph
        Called before the search for neighbors, which uses the CPU for a while.
    cache
        A folder that caches neighbor graphs and maps, or None.
    strikes
        Returns what the features leave out or count more when they are first computed; later changes are
        made by :meth:`taught`.
    umap
        Whether to lay out the map by UMAP, else by principal components.
    """

    def __init__(
        self,
        pool: Pool,
        embed: Any,
        random_state: int | None,
        *,
        on_features: Callable[..., None],
        on_map: Callable[[Map], None],
        on_stage: Callable[[Stage | None], None],
        on_error: Callable[[Exception], None],
        on_graph: Callable[[NeighborGraph | LandmarkGraph], None] = lambda _: None,
        on_turn: Callable[[str, Exception | None], None] | None = None,
        before_graph: Callable[[], None] = lambda: None,
        cache: Path | None = None,
        strikes: Callable[[], tuple[Strike, ...]] = tuple,
        umap: bool = True,
    ) -> None:
        self.pool = self._pool = pool
        self._embed = embed
        self._random_state = random_state
        self._on_features = on_features
        self._on_map = on_map
        self._on_stage = on_stage
        self._on_error = on_error
        self._on_graph = on_graph
        self._before_graph = before_graph
        self._cache = cache
        self._strikes, self._by_umap = strikes, umap
        self._base: Any = None  # the features before anything is struck
        self._X: Any = None
        self._told: tuple[Strike, ...] = ()
        self._encoder: Any = None
        self._from_disk = False
        self._encoding = threading.Lock()
        self._neighbours: NeighborGraph | LandmarkGraph | None = None
        self._made: Map | None = None
        self._scale = 1.0
        self._drawing = threading.Lock()
        self._umap: UmapProcess | None = None
        self._closing = threading.Event()
        self._regrouping = Worker(self._regroup, "groups", last=True, on_turn=on_turn)
        self._asking = threading.Lock()
        self._asked = self._running = False

    def start(self) -> None:
        """Start, or continue after a failure; returns immediately."""
        with uninterrupted(), self._asking:
            self._asked = True  # a thread that has just reported a failure continues
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="hitl-map", daemon=True).start()

    def regroup(self, scale: float) -> None:
        """Make the groups finer (0.25 to 1) or coarser (1 to 4), also in later maps; calls ``on_map``.

        Raises
        ------
        InvalidInput
            If the scale is out of range.
        """
        self._scale = check_scale(scale)
        self._regrouping.request()

    def close(self) -> None:
        """Stop, including the child process."""
        self._closing.set()
        if self._umap is not None:
            self._umap.cancel()
        self._regrouping.close()

    def _run(self) -> None:
        try:
            while self._is_asked():
                with behind():
                    self._prepare()
        except BaseException:
            self._running = False
            raise

    def _is_asked(self) -> bool:
        with self._asking:
            asked, self._asked = self._asked, False
            self._running = asked
            return asked

    def _prepare(self) -> None:
        for pause in (*PAUSES, None):
            try:
                if self._base is None:
                    self._base = self._features()
                if self._X is None:
                    self._X, self._told = self._as_taught()
                if not self._closing.is_set():
                    self._draw(self._X)
            except Cancelled:
                pass
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the session shows and raises it
                if pause is not None and half_imported(error) and not self._closing.wait(pause):
                    continue
                self._on_error(error if isinstance(error, Exception) else RuntimeError(repr(error)))
            break
        give_back()
        self._on_stage(None)

    def _features(self) -> Any:
        if self._pool.X is not None:
            self._encoder = self._pool.reduction
            return self._pool.X
        words = f"reading {len(self._pool):,} items"
        meaning = f"{words} for their meaning"
        texts = self._embed is None and self._pool.texts is not None
        self._on_stage(Stage(words if has_sentences() or not texts else f"{words} ({NO_MEANING})"))
        kept = CachedFeatures(self._cache, self._pool) if texts and self._cache is not None else None
        X = None if kept is None else kept.read()
        if X is not None:
            self._from_disk = True
            return X
        X, self._encoder = encode(
            self._pool,
            self._embed,
            cache=self._cache,
            on_words=self._on_words,
            on_progress=lambda share: self._on_stage(Stage(meaning if texts else words, share)),
            cancelled=self._stopped,
        )
        if kept is not None:
            kept.write(X)
        return X

    def _on_words(self, X: Places) -> None:
        """Use features of the words, which are ready long before the meaning."""
        if not self._closing.is_set():
            self._show(pca_map(X), "pca", settled=False)
            self._on_features(X, passing=True, strikes=())

    @property
    def encoder(self) -> Any:
        """The fitted scikit-learn transformer of the features, for new items, or None.

        If the features came from the cache, it is fitted again, which takes as long as computing them.

        Raises
        ------
        HitlError
            If it does not give the features from the cache, which another machine may have computed.
        """
        with self._encoding:
            if self._from_disk:
                assert self._cache is not None  # noqa: S101 - the features came from it
                X, self._encoder = encode(self._pool)
                if X.shape != self._base.shape or np.abs(X - self._base).max() > SAME:
                    CachedFeatures(self._cache, self._pool).write(X)
                    raise HitlError(OTHER_FEATURES)
                self._from_disk = False
            return self._encoder

    # -- what the features leave out or count more

    @property
    def given(self) -> Sequence[Any]:
        """The items as the encoder reads them."""
        texts = self._pool.texts if self._embed is None else None
        return self._pool.items if texts is None else texts

    def as_read(self, item: Any) -> Any:
        """Return an item, which need not be in the table, as the encoder reads it."""
        kind = self._pool.item_kind
        if self._embed is None and kind.reads:
            return kind.words(item)
        if self._embed is None and isinstance(kind, ListKind) and kind.of.reads:
            return tuple(map(kind.of.words, item))
        return item

    @property
    def ready(self) -> bool:
        """Whether the features before anything is struck are computed."""
        return self._base is not None

    @property
    def features(self) -> Any:
        """The features that the map and the first graph are made of."""
        return self._X

    @cached_property
    def refusal(self) -> str:
        """Why nothing can be struck out of the features; empty if it can."""
        kind = self._pool.item_kind
        if self._pool.X is not None:
            return (
                "The features were passed as X=, and there is no encoder that could leave a word or column "
                "out. Pass the items without X=, or compute X without it and run the cell again."
            )
        if not (kind.reads or kind.tabular or (isinstance(kind, ListKind) and kind.of.reads)):
            return f"Items of the kind {self._pool.kind!r} have no words or columns that could be struck out."
        return self.unread

    @cached_property
    def unread(self) -> str:
        """Why a changed item cannot be read; empty if it can."""
        if self._pool.X is not None:
            return (
                "The features were passed as X=, so an item cannot be read after a change. Pass the items "
                "without X=, or add the changed item and its features to your table."
            )
        if not self._by_itself:
            return (
                "embed= computes the features of all items together, so an item cannot be read again after a "
                "change. Pass a function that embeds each item by itself, or a transformer with the method "
                "transform."
            )
        return ""

    @cached_property
    def _by_itself(self) -> bool:
        """Whether an item can be encoded without the others."""
        if self._embed is None or hasattr(self._embed, "transform"):
            return True
        kind = self._pool.item_kind
        if isinstance(kind, ListKind):
            return embeds_alone(list(chain.from_iterable(self.given[:SOME])), self._embed, kind.of)
        return embeds_alone(self.given, self._embed, kind)

    def encoder_with(self, strikes: Sequence[Strike]) -> Any:
        """Return :attr:`encoder`, leaving out what was struck."""
        encoder = self.encoder
        return encoder if encoder is None or self._pool.X is not None else self._without(encoder, strikes)

    def _without(self, encoder: Any, strikes: Sequence[Strike]) -> Any:
        if not strikes:
            return encoder
        from hitl_widgets.items.features.strikes import in_front

        return in_front(encoder, strikes, self._typical)

    def reader(self, strikes: Sequence[Strike]) -> Any:
        """Return a transformer of new items, as :meth:`as_read` returns them, leaving out what was struck.

        Unlike :attr:`encoder`, it may call a function of the user.

        Raises
        ------
        HitlError
            If new items cannot be read.
        """
        if self.unread:
            raise HitlError(self.unread)
        if (encoder := self.encoder) is None:
            from hitl_widgets.maps.alone import Alone

            encoder = Alone(self._embed, self._pool.item_kind)
        return self._without(encoder, strikes)

    @property
    def _typical(self) -> float:
        """The length of a typical row of features."""
        some = self._base[:SOME]
        return float(np.median(np.linalg.norm(some, axis=1))) or 1.0

    def _as_taught(self) -> tuple[Any, tuple[Strike, ...]]:
        strikes = self._strikes()
        if strikes:
            # If it fails, learning starts with the features as they are; the next attempt says why.
            with contextlib.suppress(HitlError):
                return self.taught(strikes), strikes
        return self._base, ()

    def taught(self, strikes: Sequence[Strike], on_progress: Callable[[float], None] = lambda _: None) -> Any:
        """Return the features without what was struck, and a column for each word that counts more.

        Only items that contain what was struck are encoded again; the features of the others stay as they
        are. The encoder is not fitted again.

        Raises
        ------
        HitlError
            If there is no encoder, or items cannot be encoded by themselves.
        """
        if not strikes:
            return self._base
        if self.refusal:
            raise HitlError(self.refusal)
        from hitl_widgets.items.features.strikes import marked, texts_of, without

        given, encoder = self.given, self.encoder
        texts = texts_of(encoder)
        out = without(strikes, texts)
        rows = [i for i, item in enumerate(given) if out.touches(item)]
        X = self._base.copy() if rows else self._base
        if rows:
            X[rows] = self._encoded(encoder, [out.item(given[i]) for i in rows], on_progress)
        if (more := marked(strikes, texts, self._typical)) is not None:
            X = np.hstack([X, more.transform(given)])
        return X

    def _encoded(self, encoder: Any, items: list[Any], on_progress: Callable[[float], None]) -> Any:
        """Return the features of changed items."""
        if encoder is None:
            from hitl_widgets.maps.alone import Alone

            told = Told(on_progress, self._stopped, self._cache)
            return Alone(self._embed, self._pool.item_kind).transform(items, told)
        parts = []
        for low in range(0, len(items), SOME):
            if self._stopped():
                raise Cancelled
            with one_blas_thread():
                parts.append(np.asarray(encoder.transform(items[low : low + SOME]), np.float32))
            on_progress(min(1.0, (low + SOME) / len(items)))
        return np.concatenate(parts)

    def alike(
        self,
        rows: npt.NDArray[np.int64],
        items: Any,
        draw: Callable[[int], npt.NDArray[np.int64]],
        strikes: Sequence[Strike] = (),
    ) -> tuple[Any, Any, npt.NDArray[np.int64], int]:
        """Return features of items of the pool and of new ones, by an encoder fitted to both together.

        Any other encoder knows the items of the pool better, so that features of the new ones differ even if
        the items do not. Sentence embeddings are left out, because they are slow.

        Parameters
        ----------
        rows
            The items of the pool.
        items
            New items, as :attr:`encoder` takes them.
        draw
            Returns which of so many new items are used.
        strikes
            What the items are read without.

        Returns
        -------
        The features of both, which new items were used, and how many there are.
        """
        kind, texts = self._pool.item_kind, self._pool.texts
        given = self.given
        some = [given[i] for i in rows.tolist()]
        told: dict[str, Any] = {}
        if self._embed is not None:
            new = list(items)
        elif kind.tabular:
            from hitl_widgets.items.features.tables import TableRows

            columns = TableRows(list(some[0])).transform(items)
            new = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            told = {"meaning": False}
        elif texts is not None:
            new, told = list(items), {"meaning": False}
        else:
            new = kind.read(list(items), "items")
        if strikes:
            from hitl_widgets.items.features.strikes import without

            out = without(strikes)
            some, new = out.transform(some), out.transform(new)
        chosen = draw(len(new))
        both = [*some, *(new[i] for i in chosen.tolist())]
        if self._embed is not None:
            X: Any = fit_embedding(both, copy.deepcopy(self._embed), kind)[0]
        else:
            with one_blas_thread():
                X, _ = kind.features(both, **told)
        return X[: len(some)], X[len(some) :], chosen, len(new)

    def _draw(self, X: Any) -> None:
        self._on_stage(Stage("drawing a first map"))
        better = self._by_umap and umap_available(len(X))
        kept = None if self._cache is None else self._kept(self._base, self._cache)
        if len(X) > MOST_IN_GRAPH:
            self._on_features(X, passing=False, strikes=self._told)
            first, old, new = self._first_map(X, kept, better)
        else:  # learning starts after the first map, so that it does not slow it down
            try:
                first, old, new = self._first_map(X, kept, better)
            finally:
                self._on_features(X, passing=False, strikes=self._told)
        if kept and old is not None and len(new):
            self._on_stage(Stage(f"placing {len(new):,} new items"))
            known = np.flatnonzero(~np.isnan(old[:, 0]))
            old[new] = place(Rows(X, new), Rows(X, known), old[known])
            self._show(old, "umap")
            kept.write(old)
        give_back()
        self._before_graph()
        self._pool.fill_digests(self._stopped)
        graph = self._neighbours = self._neighbours or self._graph(X)
        give_back()
        if graph is None or old is not None or not better or self._closing.is_set():
            return
        xy = self._lay_out(graph, first)
        if kept and xy is not None:
            kept.write(xy)

    def _first_map(
        self, X: Any, kept: CachedMap | None, better: bool
    ) -> tuple[Places, Places | None, npt.NDArray[np.int64]]:
        """Show a first map immediately; return it, the cached map, and the rows that the latter lacks."""
        old = None if kept is None else kept.read()
        new = np.zeros(0, np.int64) if old is None else np.flatnonzero(np.isnan(old[:, 0]))
        first = pca_map(X) if old is None or len(new) else old
        if first is old:
            self._show(first, "umap")
        else:
            self._show(first, "pca", settled=old is None and not better)
        return first, old, new

    def graph_of(self, X: Any) -> NeighborGraph | LandmarkGraph:
        """Return the neighbor graph of some features, and show how far it is; slow."""
        self._progress("finding neighbours", None)
        find = LandmarkGraph if len(X) > MOST_IN_GRAPH else NeighborGraph
        return find.build(X, cache=self._cache, on_progress=self._progress, cancelled=self._stopped)

    def neighbours_of(self, X: Any) -> NeighborGraph:
        """Return the same, without showing or keeping anything."""
        return NeighborGraph.build(X, cancelled=self._stopped)

    def _graph(self, X: Any) -> NeighborGraph | LandmarkGraph | None:
        graph = self.graph_of(X)
        if self._closing.is_set():
            return None
        self._on_graph(graph)
        return graph

    def _stopped(self) -> bool:
        """Return whether to stop; called regularly by long computations, which give way here."""
        give_way()
        return self._closing.is_set()

    def _lay_out(
        self, graph: NeighborGraph | LandmarkGraph, preview: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32] | None:
        """Compute the UMAP of the graph from the preview, showing frames; None if stopped before."""
        everywhere = _spread(graph)
        near, start = (
            (graph.graph, preview[graph.rows]) if isinstance(graph, LandmarkGraph) else (graph, preview)
        )
        self._umap = UmapProcess(near.knn(), start, random_state=self._random_state)
        if self._closing.is_set():  # checked after _umap is set, which close() cancels
            return None
        try:
            found = self._umap.run(
                self._progress, lambda xy: self._show(everywhere(xy, 0), "umap", settled=False)
            )
        except Cancelled:
            raise
        except Exception:
            self._show(preview, "pca")
            raise
        xy = everywhere(found, 5)
        self._show(xy, "umap")
        return xy

    def _kept(self, X: Any, folder: Path) -> CachedMap:
        own = self._pool.X is None and self._embed is None  # these features depend on the other items
        contents = partial(_contents, self._pool) if own else None
        return CachedMap(folder, X, "umap", self._random_state, contents=contents)

    def _progress(self, words: str, fraction: float | None) -> None:
        self._on_stage(Stage(words if umap_installed() else f"{words} ({NO_UMAP})", fraction))

    def _show(self, xy: Places, method: Method, *, settled: bool = True) -> None:
        with self._drawing:
            self._made = draw(xy, self._pool, method, scale=self._scale, settled=settled)
            self._on_map(self._made)

    def _regroup(self, _overtaken: Callable[[], bool]) -> None:
        with self._drawing:
            if self._made is not None and self._made.scale != self._scale:
                self._made = regroup(self._made, self._pool, self._scale)
                self._on_map(self._made)


def _spread(
    graph: NeighborGraph | LandmarkGraph,
) -> Callable[[npt.NDArray[np.float32], int], npt.NDArray[np.float32]]:
    """Return a function that maps positions of the graph's rows to those of all rows."""
    if isinstance(graph, NeighborGraph):
        return lambda xy, _: xy
    nearest, share = graph.nearest, graph.share
    return lambda xy, steps: amid(nearest, share, xy, steps=steps)


def _contents(pool: Pool) -> npt.NDArray[np.uint64]:
    """Return a hash of the content of each item."""
    return np.array([int(content_hash(pool.item_kind, item)[:16], 16) for item in pool.items], np.uint64)
