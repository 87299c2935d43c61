"""Every check on tiny models that are drawn beside it: what it must find, and what it must leave alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cutaway.checks import CHECKS
from cutaway.checks.finding import SEVERITIES, Check, Finding
from cutaway.checks.run import MOST_FINDINGS, run
from cutaway.checks.subject import Subject
from cutaway.graph import Graph, GraphBuilder, Tensor, Weight
from tests.checks.drawn import drawn
from tests.graphs import DIAMOND, LOOP, SKIP, TWICE, random_graph

HERE = Path(__file__).parent
MODULES = Path(__file__).parents[2] / "src" / "cutaway" / "checks"
BY_ID = {check.id: check for check in CHECKS}


def cases(kind: str) -> list[Any]:
    found = []
    for check in CHECKS:
        told = yaml.safe_load((HERE / "cases" / f"{check.id}.yml").read_text(encoding="utf-8"))
        for at, case in enumerate(told[kind]):
            found.append(pytest.param(check, {"graph": case} if isinstance(case, str) else case, id=f"{check.id}-{at}"))
    return found


def values_of(told: dict[str, Any]) -> Callable[[Weight], Any]:
    return lambda weight: np.asarray(told[weight.id], dtype="float32") if weight.id in told else None


def findings(check: Check, case: dict[str, Any]) -> list[Finding]:
    graph = drawn(case["graph"], format=case.get("format", "keras_v3"))
    values = values_of(case["values"]) if "values" in case else None
    return run(Subject(graph, case.get("compiled", {}), values), [check])


@pytest.mark.parametrize(("check", "case"), cases("passes"))
def test_what_is_right_passes(check: Check, case: dict[str, Any]) -> None:
    assert findings(check, case) == []


@pytest.mark.parametrize(("check", "case"), cases("finds"))
def test_what_is_wrong_is_found(check: Check, case: dict[str, Any]) -> None:
    found = findings(check, case)
    assert [finding.where[0] if finding.where else "" for finding in found] == case["at"]
    assert {finding.severity for finding in found} == {case.get("severity", check.severity)}
    assert all(finding.check == check.id and finding.what for finding in found)


def test_every_check_is_a_file_and_a_line_and_a_manual() -> None:
    files = {path.stem for path in MODULES.glob("ca*.py")}
    assert files == {f"{check.id.lower()}_{check.name.replace('-', '_')}" for check in CHECKS}
    assert len(BY_ID) == len({check.name for check in CHECKS}) == len(CHECKS)
    assert list(BY_ID) == sorted(BY_ID)
    for check in CHECKS:
        assert "\nBad: " in check.manual
        assert "\nGood: " in check.manual
        assert check.why.endswith(".")
        assert check.do.endswith((".", "?"))
        assert check.severity in SEVERITIES


@pytest.mark.parametrize("graph", [DIAMOND, LOOP, SKIP, TWICE], ids=["diamond", "loop", "skip", "twice"])
def test_graphs_of_every_form_are_taken(graph: Graph) -> None:
    assert [finding for finding in run(Subject(graph), CHECKS) if finding.severity == "error"] == []


@pytest.mark.parametrize("seed", range(8))
def test_random_graphs_are_taken(seed: int) -> None:
    graph = random_graph(seed, 60, 8)
    found = run(Subject(graph), CHECKS)
    known = {*graph.ids, *graph.groups.ids}
    assert all(set(finding.where) <= known for finding in found)
    assert found == run(Subject(graph), CHECKS)


STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**400, 0.5, float("nan"), float("inf"), "", "softmax", "\x1b[2J", [], [[]], [1, "a"], [0, 0],
    {}, {"class_name": []}, [None] * 3,
)  # fmt: skip

NAMES = (
    "activation", "fused_activation_function", "rate", "kernel_size", "pool_size", "strides", "dilation_rate", "axis",
    "padding", "data_format", "units", "use_bias", "dims", "perm", "axes", "size", "is_training", "training",
    "function", "recurrent_dropout", "recurrent_activation", "unroll", "trainable",
)  # fmt: skip


@pytest.mark.parametrize("shape", [None, (), (None,), (None, 0), (None, None, None, 3), (1, 1, 1, 1, 1)], ids=str)
def test_strange_attributes_of_strangers_are_taken(shape: tuple[int | None, ...] | None) -> None:
    ops = sorted({op for check in CHECKS for op in _ops_of(check)} | {"Dense", "Conv2D", "LSTM", "Lambda", "Reshape"})
    builder = GraphBuilder("strange", "keras_v3")
    before = builder.node("x", "InputLayer", outputs=[Tensor(shape, "float32")])
    builder.mark_input(before)
    for op in ops:
        for at, value in enumerate(STRANGE):
            weight = Weight(f"{op}{at}", "kernel", (2, 2), location="@0+16")
            node = builder.node(
                f"{op}{at}", op, outputs=[Tensor(shape, "float16")], attributes=dict.fromkeys(NAMES, value),
                weights=[weight],
            )  # fmt: skip
            builder.connect(before, node)
            before = node
    builder.mark_output(before)
    graph = builder.build()
    for value in STRANGE:
        subject = Subject(graph, {"loss": value}, lambda weight: np.zeros(weight.parameters, "float32"))
        assert all(isinstance(finding.what, str) for finding in run(subject, CHECKS))


def _ops_of(check: Check) -> set[str]:
    """Operations that the cases of a check use."""
    told = yaml.safe_load((HERE / "cases" / f"{check.id}.yml").read_text(encoding="utf-8"))
    texts = [case if isinstance(case, str) else case["graph"] for case in [*told["passes"], *told["finds"]]]
    return {op for text in texts for op in drawn(text).ops}


@pytest.mark.parametrize(
    "loss",
    [
        {"class_name": "CategoricalCrossentropy", "config": "x"}, {"out": {"class_name": 3}}, ["mse", "mse"], [],
        "lambda",
        {"module": "builtins", "class_name": "function", "config": "mean_squared_error", "registered_name": "function"},
    ],
    ids=str,
)  # fmt: skip
def test_strange_losses_are_taken(loss: Any) -> None:
    graph = drawn("x InputLayer ?,8 \n d Dense ?,3 activation=relu <- x")
    assert all(finding.severity == "info" for finding in run(Subject(graph, {"loss": loss}), CHECKS))


def test_a_cycle_of_what_is_skipped_ends() -> None:
    cycle = "x InputLayer ?,8 \n d Dense ?,8 units=8 <- x \n a ReLU ?,8 <- d b \n b ReLU ?,8 <- a \n => b"
    assert run(Subject(drawn(cycle)), [BY_ID["CA039"]]) == []


def test_of_very_many_findings_the_first_are_kept_and_the_rest_are_counted() -> None:
    many = MOST_FINDINGS + 7
    lines = ["x InputLayer ?,8", *(f"d{at} Dropout ?,8 rate=0.8 <- x" for at in range(many))]
    lines.append("=> " + " ".join(f"d{at}" for at in range(many)))
    found = run(Subject(drawn("\n".join(lines))), [BY_ID["CA022"]])
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].what == "and 7 more places like these"
