"""Machines that cannot be: their numbers would overflow the axes of a roofline."""

from __future__ import annotations

from pathlib import Path

import pytest

import cutaway
from cutaway.charts.roofline import MOST, Machine
from cutaway.errors import OptionError
from tests.explorer.hand import ROOT

RESNET = ROOT / "examples" / "resnet50.keras"


@pytest.mark.parametrize("values", [(1e150, 1.0), (1e12, 1e-300), (0.5, 1e10), (float("nan"), 1e10), (1e12, -1.0)])
def test_a_machine_that_cannot_be_is_refused(values: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match=r"from 1 to 1e\+24 a second"):
        cutaway.plot_chart(RESNET, "roofline", peak=values[0], bandwidth=values[1])


@pytest.mark.parametrize("values", [(1.0, MOST), (MOST, 1.0), (1.0, 1.0), (MOST, MOST)])
def test_the_ends_of_what_can_be_are_drawn(values: tuple[float, float]) -> None:
    assert Machine(*values).ridge > 0
    assert cutaway.plot_chart(RESNET, "roofline", peak=values[0], bandwidth=values[1])._repr_svg_()


def test_a_profile_of_such_a_machine_still_colours_a_page(tmp_path: Path) -> None:
    table = tmp_path / "times.json"
    table.write_text(
        '{"kind": "profile", "rows": [{"id": "conv1_conv", "time_ms": 1.0}],'
        ' "roof": {"flops_per_second": 1e150, "bytes_per_second": 1e-300, "source": "x"}}'
    )
    page = cutaway.plot_model(RESNET, None, overlay=table).save(tmp_path / "x.html")
    assert page.stat().st_size > 10_000
