"""``cutaway chart``: what a model costs, as a chart."""

from __future__ import annotations

import argparse
from typing import Any

from cutaway.commands import setting
from cutaway.commands.words import pixels, quantity

EPILOG = """\
examples:
  cutaway chart model.keras -o sizes.svg
  cutaway chart model.keras --by macs -o macs.svg
  cutaway chart model.keras --kind memory --batch 8 -o memory.png
  cutaway chart model.keras --kind roofline --peak 2T --bandwidth 100G -o roofline.pdf
  cutaway chart model.keras --kind roofline --times times.json -o measured.svg
  cutaway chart model.keras --kind stages --group conv3 -o stages.svg
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.set_defaults(run=run)
    parser.add_argument(
        "-o", "--output", dest="to_file", metavar="FILE", required=True,
        help="the extension chooses: svg, png, pdf, or tex for TikZ",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=("treemap", "memory", "roofline", "stages"), default="treemap",
        help="what is drawn (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--by", choices=("parameters", "macs", "flops", "weight_bytes", "activation_bytes"), default="parameters",
        help="what the areas of a treemap are proportional to (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--group", metavar="NAME", help="only what is in this group")
    cost = parser.add_argument_group("what is counted")
    setting.add_options(cost)
    machine = parser.add_argument_group("the machine of a roofline")
    machine.add_argument("--peak", type=quantity, metavar="N", help="FLOPs a second, such as 2T (default: 1T)")
    machine.add_argument(
        "--bandwidth", type=quantity, metavar="N", help="bytes of memory a second, such as 100G (default: 50G)"
    )
    machine.add_argument("--times", metavar="FILE", help="what cutaway profile -o wrote, or JSON with seconds by layer")
    look = parser.add_argument_group("how it looks")
    look.add_argument("--theme", default="light", metavar="NAME", help="light, dark or print")
    look.add_argument("--size", type=pixels, metavar="WxH", help="width and height in px (default: 880x520)")
    look.add_argument("--dpi", type=float, default=200, metavar="N", help="pixels per inch of a png")


def run(arguments: argparse.Namespace) -> str:
    """Draw the chart; return what is to be printed."""
    from cutaway.charts.kinds import SIZE
    from cutaway.figures import plot_chart

    given: dict[str, Any] = {
        name: getattr(arguments, name)
        for name in (
            "kind", "to_file", "by", "group", "batch", "precision", "peak", "bandwidth", "times", "theme", "dpi",
            "input_shape", "signature",
        )
    }  # fmt: skip
    plot_chart(
        arguments.model, shapes=dict(arguments.shape), size=arguments.size or SIZE, raw=bool(arguments.raw), **given
    )
    return f"wrote {arguments.to_file}\n"
