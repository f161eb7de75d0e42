"""What colors the map: the labels, or a column of the table."""

from __future__ import annotations

import pandas as pd
import pytest

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.colours import Colours

TABLE = pd.DataFrame(
    {"id": [7, 8, 9], "message": ["a", "b", "c"], "price": [1.0, 2.0, 3.0], "label": list("xyx")}
)


def colours(asked: str | None = None) -> Colours:
    pool = Pool.from_data(TABLE, text="message", id="id")
    return Colours(pool, Columns(pool), asked)


def test_every_column_is_offered_but_the_items_and_their_ids():
    assert colours().columns == ("price", "label")
    assert colours("id").columns == ("id", "price", "label")


@pytest.mark.parametrize(
    ("asked", "first"),
    [(None, "label"), ("price", "column:price"), ("uncertainty", "doubt"), ("label", "column:label")],
)
def test_the_first_colour_is_a_column_or_one_of_the_models(asked, first):
    assert colours(asked).first == first


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(InvalidInput, match=r"colour='prise': .*'message', 'price'.*mean 'price'\?"):
        colours("prise")
    with pytest.raises(InvalidInput, match="Unknown column 'prise'"):
        colours().scale("prise")
    pool = Pool.from_data(["a", "b"])
    with pytest.raises(InvalidInput, match="The data have no columns"):
        Colours(pool, Columns(pool), "price")


def test_the_shades_of_a_column():
    assert colours().scale("price").shades.tolist() == [0, 127, 254]
    assert colours().scale("label").names == ("x", "y")
