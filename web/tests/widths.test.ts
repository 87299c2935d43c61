import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf, levelsFrom, WEIGHTS } from "../src/paint/widths.ts";
import { linkText, parseLink } from "../src/permalink.ts";
import { Store } from "../src/scene/store.ts";
import { elementsOf, levelsOf, wireScale } from "../src/wires.ts";
import { sample } from "./fixture.ts";

test("levels are equal steps of the logarithm, and unknown sizes are the thinnest", () => {
  const scale = { low: 1, high: 1_000_000 };
  assert.deepEqual([1, 5, 20, 500, 3000, 50_000, 1e6].map((size) => levelOf(scale, size)), [0, 0, 1, 2, 3, 4, 5]);
  assert.equal(levelOf(scale, Number.NaN), 0);
  assert.equal(levelOf({ low: 7, high: 7 }, 7), 0);
  for (const [level, least] of levelsFrom(scale).entries()) {
    assert.equal(levelOf(scale, least * 1.001), level);
  }
  assert.equal(WEIGHTS.every((weight, at) => at === 0 || weight > (WEIGHTS[at - 1] as number)), true);
});

test("a wire has the level of the tensor on it", () => {
  const columns = sample([
    { name: "a", op: "X", shape: [null, 10] }, { name: "b", op: "X", inputs: [0], shape: [null, 100, 100] },
    { name: "c", op: "X", inputs: [1], shape: [null, 1000] },
  ]);
  const scale = wireScale(columns);
  assert.deepEqual(scale, { low: 10, high: 10_000 });
  const store = new Store();
  const sheet = {
    w: 10, h: 10, flow: "down", boxes: [0, 0, 1, 1, 0, 2, 1, 1, 0, 4, 1, 1], ins: [], outs: [],
    wires: [[0, 0, 1, 0, 1, [0, 0, 1, 1, 0, 2]], [1, 0, 2, 0, 1, [0, 0, 3, 1, 0, 4]]],
  } as const;
  const part = {
    sheet: 0, look: 0, x: 0, y: 0, scale: 1, box: -1, parent: -1, depth: 0, children: [0, 1, 2], ids: [], ins: [], outs: [2, 0],
    name: "", kind: "root", closed: 0,
  } as const;
  store.merge({ sheets: { 0: sheet as never }, looks: {}, parts: { 0: part as never } });
  const levels = levelsOf(store, columns, scale as NonNullable<typeof scale>, 0);
  assert.deepEqual([...(levels?.wires ?? [])], [0, 5]);
  assert.deepEqual([...(levels?.leads ?? [])], [levelOf({ low: 10, high: 10_000 }, 1000)]);
  assert.ok(Number.isNaN(elementsOf(null)));
});

test("a permalink keeps the switch", () => {
  assert.equal(linkText({ wide: true }), "wires=size");
  assert.equal(parseLink("#wires=size").wide, true);
  assert.equal(parseLink("#wires=other").wide, undefined);
});
