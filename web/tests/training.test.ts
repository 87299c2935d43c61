import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../src/training/hover.ts";
import { layerTag, matcher, recorded, runName, tagName } from "../src/training/naming.ts";
import { quantitiesIn, shownValue, titleOf } from "../src/training/quantity.ts";
import { duration, exact, moment, onAxis, scaleOf, share, short, ticks, valueAt } from "../src/training/scales.ts";
import { PLAIN, readView, writeView } from "../src/training/view.ts";
import type { View } from "../src/training/view.ts";

test("curves of one metric are one chart, whatever data they are measured on", () => {
  const metric = (tag: string): string => tagName(tag).metric;
  assert.equal(metric("val_loss"), metric("loss"));
  assert.equal(metric("Loss/train"), metric("Loss/val"));
  assert.equal(metric("train/loss"), metric("eval/loss"));
  assert.equal(metric("epoch_val_accuracy"), metric("epoch_accuracy"));
  assert.notEqual(metric("loss"), metric("losses"));
  assert.equal(metric("train"), "train");
  assert.equal(tagName("val_loss").part, "val");
  assert.equal(tagName("norm/weights/a").group, "norm");
  assert.deepEqual(runName("a/validation"), { training: "a", part: "validation" });
  assert.deepEqual(runName("train"), { training: ".", part: "train" });
  assert.deepEqual(runName("a/b"), { training: "a/b", part: "" });
});

test("what the recorder logs is taken apart, and nothing else", () => {
  assert.deepEqual(recorded("norm/gradients/block/dense/kernel#2"), { statistic: "norm", kind: "gradients", id: "block/dense/kernel" });
  assert.deepEqual(recorded("activations/block"), { statistic: "", kind: "activations", id: "block" });
  assert.deepEqual(recorded("seconds/forward/block/dense"), { statistic: "seconds", kind: "forward", id: "block/dense" });
  assert.equal(recorded("loss/step/dense"), undefined);
  assert.equal(recorded("epoch_loss"), undefined);
  assert.equal(recorded("a/b/weights"), undefined);
  assert.equal(layerTag("weights/block/dense/kernel").layer, layerTag("activations/block/dense").layer);
  assert.deepEqual(layerTag("dense/kernel/histogram"), { kind: "weights", layer: "dense" });
  assert.deepEqual(recorded("block/dense/kernel/histogram_1"), { statistic: "", kind: "weights", id: "block/dense/kernel" });
  assert.equal(recorded("kernel/histogram"), undefined);
});

test("times of layers are shown in milliseconds, whatever else is recorded of them as it is", () => {
  assert.equal(shownValue("seconds/backward", 0.0125), 12.5);
  assert.equal(shownValue("norm/gradients", 0.0125), 0.0125);
  const tags = ["seconds/update/a", "zeros/activations/a", "seconds/step/a"].map((tag, index) => ({ index, tag, kind: "scalars", ...tagName(tag) }));
  assert.deepEqual(quantitiesIn(tags).map(titleOf), ["Share of zeros of activations", "Time of the whole step", "Time of the update"]);
});

test("a filter that is no regular expression is a text", () => {
  assert.ok(matcher("^a.c$")("ABC"));
  assert.ok(matcher("a[")("xA[y"));
  assert.ok(!matcher("a[")("a"));
});

test("a view survives its address", () => {
  const view: View = {
    ...PLAIN, tab: "model", axis: "wall", smoothing: 0.95, logX: true, logY: true, outliers: false, runFilter: "a|b&c=#", tagFilter: "x+",
    hidden: new Set(["run 1/train", "é&"]), added: new Set(["old"]), zooms: new Map([["a:b..c", [1.5, 2e9]], ["d", [0, 1, -2, 3]]]),
    folded: new Set(["g"]), large: new Set(["l"]), theme: "dark", ridges: true, modelRun: "r", quantity: "norm/weights", step: 12, layer: "a/b",
  };
  assert.deepEqual(readView(writeView(view)), view);
  assert.equal(writeView(PLAIN), "");
  assert.deepEqual(readView("tab=evil&smooth=7&x=q&zoom=2..1:a&zoom=x&at=z&theme=pink"), PLAIN);
});

test("lines of a scale are round, lie on it, and are about as many as wished", () => {
  for (const [low, high] of [[0, 1], [-3.7, 12], [1e-7, 3e-7], [5, 5], [0, 1e12]] as const) {
    const scale = scaleOf(low, high, false, 0.05);
    const found = ticks(scale, 6);
    assert.ok(found.length >= 2 && found.length <= 12, `${low} ${high}: ${found.join()}`);
    assert.ok(found.every((value) => share(scale, value) >= -1e-9 && share(scale, value) <= 1 + 1e-9));
  }
  assert.deepEqual(ticks(scaleOf(1, 1e6, true, 0), 10), [1, 10, 100, 1000, 10_000, 100_000, 1e6]);
  const log = scaleOf(2, 5000, true, 0.02);
  assert.ok(Math.abs(share(log, valueAt(log, 0.3)) - 0.3) < 1e-9);
});

test("numbers and times are short, and exact where they are read", () => {
  assert.deepEqual([0, 0.5, -1234, 12_345, 2.5e6, 1e-9, Number.NaN, -Infinity].map(short), ["0", "0.5", "−1234", "12.35k", "2.5M", "1e−9", "NaN", "−∞"]);
  assert.equal(Number(exact(Math.fround(0.1))), Number(Math.fround(0.1).toPrecision(7)));
  assert.deepEqual([5, 90, 3600, 200_000].map(duration), ["5 s", "1:30 min", "1:00 h", "2.31 d"]);
});

test("the nearest point of a line is found", () => {
  const xs = Float64Array.of(9, 0, 1, 4, 9, 5);
  const line = { begin: 1, end: 5 };
  assert.deepEqual([-5, 0.4, 0.6, 2.6, 7, 50].map((x) => nearest(xs, line, x)), [1, 1, 2, 3, 4, 4]);
  assert.equal(nearest(xs, { begin: 2, end: 2 }, 1), -1);
});

test("a time that is none is a dash", () => {
  assert.equal(moment(Number.NaN, true), "–");
  assert.equal(moment(1e300, false), "–");
  assert.equal(onAxis("relative", Number.NaN), "–");
  assert.ok(/^2023-11-1\d \d\d:\d\d:\d\d$/.test(moment(1.7e9, true)));
});
