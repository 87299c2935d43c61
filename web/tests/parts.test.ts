import assert from "node:assert/strict";
import { test } from "node:test";
import { partOf } from "../src/panels/focus.ts";
import { ownersOf, weightsOf } from "../src/panels/weights.ts";
import { trace } from "../src/trace/trace.ts";
import { Columns } from "../src/columns.ts";
import { pack, sample } from "./fixture.ts";

// a ── b ── c    a, b in g; d alone
const NET = sample(
  [
    { name: "a", op: "X", group: 1, weights: [{ name: "k", shape: [2] }] },
    { name: "b", op: "X", group: 1, inputs: [0], weights: [{ name: "k", shape: [9] }, { name: "l", shape: [1] }] },
    { name: "c", op: "X", inputs: [1], weights: [{ name: "k", shape: [4, 2] }] },
    { name: "d", op: "X" },
  ],
  [{ name: "g", parent: 0 }],
);

test("a focus shows the trace, else the group, else the node with its neighbours", () => {
  assert.deepEqual(partOf(NET, trace(NET, { kind: "feeds", from: [1] }), ~1), { nodes: [0, 1] });
  assert.deepEqual(partOf(NET, undefined, ~1), { group: 1 });
  assert.deepEqual(partOf(NET, undefined, 1), { nodes: [1, 0, 2] });
  assert.equal(partOf(NET, undefined, undefined), undefined);
});

test("weights of a node, of a group, and of the model with the largest first", () => {
  assert.deepEqual(weightsOf(NET, 1), [1, 2]);
  assert.deepEqual(weightsOf(NET, ~1), [0, 1, 2]);
  assert.deepEqual(weightsOf(NET, 3), []);
  assert.deepEqual(weightsOf(NET, undefined), [1, 3, 0, 2]);
});

test("owners of a weight, shared or not", () => {
  assert.deepEqual([0, 1, 2, 3].map((code) => ownersOf(NET, code)), [[0], [1], [1], [2]]);
  const shared = new Columns(
    pack([
      ["node_name", "utf8", ["a", "b", "c"]],
      ["op_code", "i32", [0, 0, 0]],
      ["node_group", "i32", [0, 0, 0]],
      ["weight_start", "u32", [0, 2, 2, 4]],
      ["weight_code", "i32", [1, 0, 0, 0]],
    ]),
  );
  assert.deepEqual([ownersOf(shared, 0), ownersOf(shared, 1), ownersOf(shared, 2)], [[0, 2], [0], []]);
});

test("groups have weights of their own, first in their list and among the owners", () => {
  // group 2 in group 1; the node in group 2
  const own = new Columns(
    pack([
      ["node_name", "utf8", ["a"]],
      ["op_code", "i32", [0]],
      ["node_group", "i32", [2]],
      ["group_name", "utf8", ["", "outer", "inner"]],
      ["group_parent", "i32", [-1, 0, 1]],
      ["weight_start", "u32", [0, 1]],
      ["weight_code", "i32", [2]],
      ["group_weight_group", "i32", [1, 1, 2]],
      ["group_weight_code", "i32", [3, 2, 0]],
    ]),
  );
  assert.deepEqual(weightsOf(own, ~1), [3, 2, 0]);
  assert.deepEqual(weightsOf(own, ~2), [0, 2]);
  assert.deepEqual(weightsOf(own, 0), [2]);
  assert.deepEqual([0, 1, 2, 3].map((code) => ownersOf(own, code)), [[~2], [], [0, ~1], [~1]]);
});
