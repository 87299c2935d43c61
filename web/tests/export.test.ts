import assert from "node:assert/strict";
import { test } from "node:test";
import type { Nest } from "../src/camera/camera.ts";
import { viewOf } from "../src/panels/export.ts";

// a root of 400 × 200; group 1 in it, its origin at 100, 50 and half as large: 300 × 200 inside
const NEST: Nest = {
  parts: new Map([
    [0, { parent: -1, x: 0, y: 0, scale: 1 }],
    [1, { parent: 0, x: 100, y: 50, scale: 0.5 }],
  ]) as unknown as Nest["parts"],
  sheetOf: (group) => ({ w: group === 0 ? 400 : 300, h: 200, boxes: new Float64Array(0) }),
};

test("a view lies in the innermost group that holds all of it", () => {
  const screen = { width: 100, height: 50 };
  assert.deepEqual(viewOf(NEST, { anchor: 1, x: 150, y: 100, k: 1 }, screen), { group: 1, x: 100, y: 75, w: 100, h: 50 });
  assert.deepEqual(viewOf(NEST, { anchor: 1, x: 10, y: 100, k: 1 }, screen), { group: 0, x: 80, y: 87.5, w: 50, h: 25 });
});

test("what lies beyond the model is cut off", () => {
  assert.deepEqual(viewOf(NEST, { anchor: 0, x: 200, y: 100, k: 0.1 }, { width: 100, height: 50 }), { group: 0, x: 0, y: 0, w: 400, h: 200 });
  assert.deepEqual(viewOf(NEST, { anchor: 0, x: 390, y: 100, k: 1 }, { width: 100, height: 50 }), { group: 0, x: 340, y: 75, w: 60, h: 50 });
  assert.deepEqual(viewOf(NEST, { anchor: 0, x: 900, y: 900, k: 1 }, { width: 100, height: 50 }), { group: 0, x: 0, y: 0, w: 400, h: 200 });
});
