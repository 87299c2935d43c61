"""The command ``cutaway``: words on a command line become calls of the same functions that Python users call.

This is the only file that prints or exits. What it says about a model goes to stdout, all else to stderr, and names
that come from files are shown without their control characters, so that no file can write to a terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cutaway import __version__
from cutaway.commands import chart, index, overlay, setting, timing
from cutaway.commands.words import shape
from cutaway.errors import CutawayError, OptionError, ReadError, UnbuiltModel
from cutaway.graph.memory import collector_paused

if TYPE_CHECKING:
    from cutaway.explorer.server import Listening
    from cutaway.picture import Picture

DONE, DIFFERENT, USAGE, UNREADABLE, UNWRITABLE, INTERRUPTED, CUT_OFF = 0, 1, 2, 3, 4, 130, 141

_EPILOG = """\
examples:
  cutaway model.keras
  cutaway plot model.keras -o model.svg
  cutaway plot model.keras -o model.png --dpi 200 --theme print
  cutaway plot model.h5 -o part.pdf --between conv3_block1_out conv4_block1_out --show-shapes
  cutaway plot saved_model_folder -o model.svg --signature serving_default
  cutaway summary model.keras
  cutaway summary model.tflite --format json > model.json
  cutaway check model.keras
  cutaway diff old.keras new.keras
  cutaway chart model.keras -o sizes.svg
  cutaway profile model.keras

exit codes:
  0  done
  1  the models differ (diff --exit-code), or a finding is as grave as --fail-on (check)
  2  a wrong command, option or value
  3  the input cannot be read
  4  the output cannot be written, or a package is missing
"""

_VIEW_EPILOG = """\
examples:
  cutaway view model.keras
  cutaway view model.keras --watch
  cutaway view new.keras --compare old.keras
  cutaway view model.keras --input picture.png
  cutaway view model.keras --input a.npy --input b.npy
  cutaway view saved_model_folder --signature serving_default --port 8080 --no-browser
"""

_PLOT_EPILOG = """\
examples:
  cutaway plot model.keras -o model.svg
  cutaway plot model.keras -o model.png --dpi 200 --theme print
  cutaway plot model.keras -o outline.pdf --depth 1 --aspect 16:9
  cutaway plot model.keras -o facts.svg --fields parameters kernel_size --highlight conv1_conv
  cutaway plot model.keras -o graph.json
"""

_SUMMARY_EPILOG = """\
examples:
  cutaway summary model.keras
  cutaway summary model.keras --format csv > model.csv
  cutaway summary model.keras --batch 32 --training adamw --fields receptive_field alive_bytes
"""

_CHECK_EPILOG = """\
examples:
  cutaway check model.keras
  cutaway check model.keras --fail-on warning --ignore CA020
  cutaway check model.keras --weights --format sarif > model.sarif
  cutaway check --list
"""

_DIFF_EPILOG = """\
examples:
  cutaway diff old.keras new.keras
  cutaway diff model.keras model.tflite
  cutaway diff before.keras after.keras --weights
  cutaway diff old.keras new.keras -o changes.svg
  cutaway diff old.keras new.keras --exit-code --format json > changes.json
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after ``cutaway``; those of the process where None.

    Returns:
        The exit code: 0 done, 1 models that differ or findings that are grave, where that was asked for, 2 a wrong
        option, 3 the input cannot be read, 4 the output cannot be written or a package is missing, 130 interrupted,
        141 the reader of a pipe went away.

    Raises:
        SystemExit: The words are no command, with code 2, or ask for help or the version, with code 0.
    """
    _prepare_streams()
    try:
        arguments = _parsed(sys.argv[1:] if argv is None else argv)
        run: Callable[[argparse.Namespace], int | str | None] = arguments.run
        code = run(arguments)
        if isinstance(code, str):  # what a command of a module of its own has to say
            sys.stdout.write(_safe(code))
            code = None
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return CUT_OFF
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ReadError, UnbuiltModel) as error:
        return _fail(error, UNREADABLE)
    except OptionError as error:
        return _fail(error, USAGE)
    except CutawayError as error:
        return _fail(error, UNWRITABLE)
    except OSError as error:
        if error.filename is None:  # files have names, so it was the list on stdout
            _drop_output()
        return _fail(f"{error.filename or 'standard output'}: {error.strerror}", UNWRITABLE)
    return DONE if code is None else code


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """What the words mean; help, versions and lists that end the program are on their way before it ends."""
    try:
        return _parser().parse_args(_with_command(words))
    except SystemExit:
        sys.stdout.flush()
        raise


def _with_command(words: Sequence[str]) -> Sequence[str]:
    """``cutaway MODEL`` means ``cutaway view MODEL``."""
    first = words[0] if words else ""
    if not first or first.startswith("-") or first in _COMMANDS:
        return words
    named = any(mark in first for mark in ("/", "\\", "."))
    named = named or os.path.exists(first)  # noqa: PTH110  (Path.exists raises for names that are too long)
    return ["view", *words] if named else words  # a mistyped command is told as such


def _prepare_streams() -> None:
    """Make stdout and stderr take every text, also where the shell has closed them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
            setattr(sys, name, nowhere)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name must not fail on a terminal without its letters


def _drop_output() -> None:
    """Send what is left in the buffer of stdout nowhere, or Python tries it again while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(words: object, code: int) -> int:
    _tell(words)
    return code


def _tell(words: object) -> None:
    with contextlib.suppress(OSError):  # nobody can be told that nobody can be told; the exit code stays right
        print(f"cutaway: {_safe(str(words))}", file=sys.stderr, flush=True)


def _safe(text: str) -> str:
    """Lines of text without control characters."""
    from cutaway.style.measure import clean

    return "\n".join(map(clean, text.split("\n"))).replace("\ue000", "\ufffd")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without control characters from the command line, then how to find help."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"cutaway: {_safe(message)}{self._hint(message)}\nSee: {self.prog} --help\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Fail where help cannot be written, which the standard library passes over."""
        if file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)

    def _hint(self, message: str) -> str:
        if message.startswith("argument COMMAND: invalid choice"):
            return "; nor is there such a file or folder"
        if message.endswith("required: MODEL") and any(action.nargs in ("+", "?") for action in self._actions):
            return "; put it first, since some options take every word that follows them"
        return ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cutaway",
        description="Shows the inside of Keras and TensorFlow models.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cutaway {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_view(commands)
    _add_plot(commands)
    _add_summary(commands)
    _add_check(commands)
    _add_diff(commands)
    chart.add_options(_add_command(commands, "chart", "draw what a model costs as a chart", chart.EPILOG))
    timing.add_options(
        _add_command(commands, "profile", "measure the time of each layer on this machine", timing.EPILOG)
    )
    index.add(commands)
    return parser


def _add_command(commands: Any, name: str, words: str, epilog: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}.", epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a model of Keras, TensorFlow, TensorFlow Lite or TensorFlow.js: a file, a folder or a zip",
    )
    parser.add_argument(
        "--input-shape",
        type=shape,
        metavar="SHAPE",
        help="input of a model without one, the batch included: None,28,28,1",
    )
    parser.add_argument(
        "--signature", metavar="NAME", help="entry point to show, for a file with several (default: the serving one)"
    )
    parser.add_argument(
        "--raw", action="store_true", default=None, help="show everything in the file, plumbing included"
    )
    return parser


_COMMANDS = ("view", "plot", "summary", "check", "diff", "chart", "profile", "index")


def _add_view(commands: Any) -> None:
    parser = _add_command(
        commands, "view", "open a model in the browser, to zoom into and look around in", _VIEW_EPILOG
    )
    parser.set_defaults(run=_view)
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="port to listen on (default: one that is free)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument(
        "--compare", metavar="OLD", help="an older model: show what changed since, in one drawing or side by side"
    )
    parser.add_argument(
        "--input", action="append", default=[], metavar="FILE|random",
        help="run the model once and show what every layer makes: of the array in a .npy or .npz, a picture, or "
        "random numbers; say it twice to compare two inputs",
    )  # fmt: skip
    parser.add_argument("--watch", action="store_true", help="read the model again whenever its file changes")
    overlay.add_options(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="address to listen on (default: %(default)s, which only this machine reaches)",
    )  # fmt: skip
    parser.add_argument(
        "--allow-network", action="store_true",
        help="with --host: let other machines in; whoever has the address that is printed sees the model and its "
        "weights, and all of it crosses the network unencrypted",
    )  # fmt: skip


def _add_plot(commands: Any) -> None:
    parser = _add_command(commands, "plot", "draw a model as one picture with all of its detail", _PLOT_EPILOG)
    parser.add_argument(
        "-o", "--output", dest="to_file", metavar="FILE", required=True,
        help="the extension chooses: svg, png or pdf; tex for TikZ; html for a page to look around in; json for the "
        "graph as data, scene.json for the places; dot, mmd or graphml for Graphviz, Mermaid and other programs",
    )  # fmt: skip
    parser.set_defaults(run=_plot)
    what = parser.add_argument_group("what is drawn")
    what.add_argument("--depth", type=int, metavar="N", help="show N levels of groups")
    what.add_argument("--unfold", type=_unfold, metavar="N|all", help="draw the insides of N levels at full size")
    what.add_argument(
        "--fold-repeats", action="store_true", default=None, help="draw equal blocks once, with their number"
    )
    what.add_argument("--between", nargs=2, metavar=("FIRST", "LAST"), help="only the part between two layers")
    what.add_argument("--expand-nested", action="store_true", default=None, help="draw the insides of nested models")
    said = parser.add_argument_group("what the boxes say")
    for word in _SHOWN:
        said.add_argument(
            f"--show-{word}",
            action=argparse.BooleanOptionalAction,
            default=None,
            help=_SHOWN[word],
        )
    said.add_argument("--fields", nargs="+", metavar="NAME", help="attributes or facts to show on each box")
    overlay.add_options(parser)
    look = parser.add_argument_group("how it looks")
    look.add_argument("--theme", metavar="NAME", help="light, dark, print, …; a wrong name lists them")
    look.add_argument("--highlight", nargs="+", metavar="NAME", help="layers or groups to stand out")
    look.add_argument("--rankdir", metavar="DIR", help="direction of the drawing: TB, LR, BT or RL")
    look.add_argument("--aspect", type=_aspect, metavar="W:H", help="proportions of the picture")
    look.add_argument("--dpi", type=float, metavar="N", help="pixels per inch of a png")


def _add_summary(commands: Any) -> None:
    parser = _add_command(
        commands, "summary", "list the tree of a model with shapes, parameters and bytes", _SUMMARY_EPILOG
    )
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv", "md"),
        default="table",
        help="form of the list (default: %(default)s)",
    )
    setting.add_options(parser)
    parser.add_argument(
        "--fields", nargs="+", metavar="NAME", default=[],
        help="more columns: flops, traffic, intensity, activation_bytes, alive_bytes, receptive_field, stride, aligned",
    )  # fmt: skip
    parser.add_argument(
        "--training", nargs="?", const="adam", metavar="OPTIMIZER",
        help="estimate the memory of a step of training too (adam, where none is named)",
    )  # fmt: skip
    overlay.add_options(parser)
    parser.set_defaults(run=_summary)


def _add_check(commands: Any) -> None:
    parser = _add_command(commands, "check", "look for flaws that can be seen without training", _CHECK_EPILOG)
    parser.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="form of the report (default: %(default)s)"
    )
    parser.add_argument(
        "--fail-on", choices=("error", "warning", "info"), default="error",
        help="exit with 1 where anything as grave as this was found (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--severity", choices=("error", "warning", "info"), default="info",
        help="the least grave findings that are told (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--ignore", nargs="+", metavar="ID", default=[], help="checks that do not run, by id or name")
    parser.add_argument("--only", nargs="+", metavar="ID", default=[], help="the only checks that run")
    parser.add_argument("--weights", action="store_true", help="read the values of the weights, and look at them too")
    parser.add_argument("--list", action=_ListChecks, nargs=0, help="list all checks, and end")
    parser.set_defaults(run=_check)


class _ListChecks(argparse.Action):
    """Lists the checks and ends, as ``--help`` does: no model needs to be named."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        from cutaway.inspection import list_of_checks

        sys.stdout.write(list_of_checks())
        parser.exit()


def _add_diff(commands: Any) -> None:
    words = "say what changed from one model to another"
    parser = commands.add_parser(
        "diff", help=words, description=f"{words[0].upper()}{words[1:]}.", epilog=_DIFF_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("old", metavar="OLD", help="a model, as for the other commands")
    parser.add_argument("new", metavar="NEW", help="another; its format may be another too")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the report (default: %(default)s)"
    )
    parser.add_argument(
        "-o",
        "--output",
        dest="to_file",
        metavar="FILE",
        help="draw both as one, marked by what changed: svg, png, pdf; html for a page to look around in",
    )
    parser.add_argument("--theme", metavar="NAME", default="light", help="colours of that drawing")
    parser.add_argument("--depth", type=int, metavar="N", help="show N levels of groups in it")
    parser.add_argument("--weights", action="store_true", help="compare the values of the weights too")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 where anything changed")
    parser.set_defaults(run=_diff)


_SHOWN = {
    "shapes": "show output shapes",
    "dtype": "show output dtypes",
    "layer-names": "show the names of all layers, or of none (default: those that their author chose)",
    "layer-activations": "show activations",
    "trainable": "show whether weights are trained",
}
"""What a box may say, by the end of the option's name."""


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535; received {text!r}")
    return int(text)


def _unfold(text: str) -> int | str:
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of levels or all; received {text!r}")
    return text if text == "all" else int(text)


def _aspect(text: str) -> float:
    """``16:9`` or ``1.78`` as a number."""
    wide, colon, high = text.partition(":")
    try:
        value = float(wide) / float(high) if colon else float(wide)
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected proportions such as 16:9 or 1.5; received {text!r}")
    return value


def _view(arguments: argparse.Namespace) -> None:
    from cutaway.explorer.opening import open_browser
    from cutaway.explorer.server import is_loopback

    if not is_loopback(arguments.host) and not arguments.allow_network:
        raise OptionError(
            f"--host {arguments.host} lets other machines reach this one: whoever has the address that is printed "
            "sees the model and its weights, and all of it crosses the network unencrypted; say --allow-network too "
            "if that is meant"
        )
    if len(arguments.input) > 2:
        raise OptionError(f"--input may be said twice at most, to compare two; received {len(arguments.input)}")
    try:
        listening = _listening(arguments)
    except OSError as error:
        raise OptionError(f"cannot listen on {arguments.host} port {arguments.port}: {error.strerror}") from error
    with contextlib.suppress(KeyboardInterrupt):  # also one that comes before the server listens for it
        opened = not arguments.no_browser and open_browser(listening.once())
        print(f"{'opened' if opened else 'open'} {listening.url}", "(Ctrl-C ends)", sep="  ", flush=True)
        if not is_loopback(arguments.host):
            print("note: other machines can reach this; the address is the key to it", file=sys.stderr)
        listening.serve()


def _listening(arguments: argparse.Namespace) -> Listening:
    """A server whose port is open, for a model or for what was logged in training, which is read meanwhile."""
    from cutaway.training_view.opening import is_log

    if arguments.compare is None and is_log(arguments.model):
        from cutaway.training_view.logs import Logs

        logs = Logs(arguments.model)
        logs.start()  # while the server is made
        from cutaway.training_view.server import listening

        return listening(logs, arguments.host, arguments.port)
    from cutaway.explorer.opening import file_session
    from cutaway.explorer.server import Listening

    session = file_session(
        arguments.model, inputs=arguments.input, watch=arguments.watch, compare=arguments.compare, on_failure=_tell,
        lay=overlay.laid(arguments),
        command=shlex.join(["cutaway", *sys.argv[1:]]),
        input_shape=arguments.input_shape, signature=arguments.signature, raw=bool(arguments.raw),
    )  # fmt: skip
    server = Listening(session, arguments.host, arguments.port)
    session.start()
    return server


@collector_paused()  # what a picture is made of stays alive until the program ends
def _plot(arguments: argparse.Namespace) -> None:
    given = {
        name: value for name, value in vars(arguments).items() if value is not None and name not in ("run", "model")
    }
    target = given.pop("to_file")
    given.setdefault("show_layer_names", None)  # on a command line the names that an author chose are expected
    from cutaway.formats import writer_for
    from cutaway.picture import plot_model

    if not target or "\0" in target:
        raise OptionError(f"-o must be the path of a file, such as model.svg; received {target!r}")
    writer_for(Path(target).name)  # a wrong extension is told before the work
    overlay.asked(arguments)
    picture = plot_model(arguments.model, None, **given)
    note = _note(picture, target, may_lower=arguments.dpi is None)
    picture.save(target)
    print(f"wrote {_safe(target)}")
    if picture.overlay is not None and (missed := picture.overlay.missed()):
        print(f"note: {_safe(missed)}", file=sys.stderr)
    for warning in picture.graph.warnings:
        print(f"warning: {_safe(warning)}", file=sys.stderr)
    if note:
        print(f"note: {_safe(note)}", file=sys.stderr)


def _note(picture: Picture, target: str, *, may_lower: bool) -> str:
    """What the model has and the file does not show, in words.

    Raises:
        OptionError: The picture is too large for a bitmap with the resolution that was asked for.
    """
    from cutaway.drawing.png import bitmap_note, boxed_texts

    kind = target.lower().rpartition(".")[2]
    if kind == "html":  # what is small in a picture can be zoomed into there
        return ""
    if kind == "png":
        return bitmap_note(picture.scene, dpi=picture.dpi, may_lower=may_lower)
    return " ".join(filter(None, (picture.scene.note, boxed_texts(picture.scene) if kind == "pdf" else "")))


@collector_paused()
def _summary(arguments: argparse.Namespace) -> None:
    from cutaway.tables import FORMATS, rich_table, summary

    overlay.asked(arguments)
    table = summary(
        arguments.model,
        input_shape=arguments.input_shape,
        signature=arguments.signature,
        raw=bool(arguments.raw),
        batch=arguments.batch,
        shapes=dict(arguments.shape),
        overlay=arguments.overlay,
        overlay_column=arguments.overlay_column,
        rollup=arguments.rollup or "sum",
        fields=arguments.fields,
        training=arguments.training,
        precision=arguments.precision,
    )
    if arguments.format == "table" and sys.stdout.isatty():
        from rich.console import Console

        Console().print(rich_table(table))
    else:
        sys.stdout.write(FORMATS[arguments.format](table))


@collector_paused()
def _check(arguments: argparse.Namespace) -> int:
    from cutaway.inspection import FORMATS, check

    report = check(
        arguments.model, ignore=arguments.ignore, only=arguments.only, severity=arguments.severity,
        weights=arguments.weights, input_shape=arguments.input_shape, signature=arguments.signature,
        raw=bool(arguments.raw),
    )  # fmt: skip
    sys.stdout.write(FORMATS[arguments.format](report))
    return DIFFERENT if report.reaches(arguments.fail_on) else DONE


@collector_paused()
def _diff(arguments: argparse.Namespace) -> int:
    from cutaway.comparison import FORMATS, diff
    from cutaway.formats import writer_for

    if arguments.to_file is not None:
        writer_for(Path(arguments.to_file).name)  # a wrong extension is told before the work
    found = diff(arguments.old, arguments.new, weights=arguments.weights)
    sys.stdout.write(FORMATS[arguments.format](found))
    if arguments.to_file is not None:
        found.plot(arguments.to_file, theme=arguments.theme, depth=arguments.depth)
        print(f"wrote {_safe(arguments.to_file)}", file=sys.stderr)
    return DIFFERENT if arguments.exit_code and not found.equal else DONE
