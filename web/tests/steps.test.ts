import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbour, placeAt, placeOfGroup, sibling } from "../src/input/steps.ts";
import { nested } from "./charts.ts";

const STORE = nested(4);

test("arrows follow wires both ways", () => {
  const first = placeAt(STORE, 1, 0)!;
  const group = neighbour(STORE, first, "down")!;
  assert.equal(group.item, ~2);
  assert.equal(neighbour(STORE, group, "up")?.item, first.item);
  assert.equal(neighbour(STORE, group, "down")?.item, 3);
});

test("an arrow out of a pin leads to what lies behind it in the group around", () => {
  const last = placeAt(STORE, 1, 2)!;
  assert.equal(last.item, 3);
  assert.equal(neighbour(STORE, last, "down")?.item, 1);
  assert.equal(neighbour(STORE, placeAt(STORE, 1, 0)!, "up")?.item, 0);
});

test("siblings go round", () => {
  const places = [0, 1, 2].map((position) => placeAt(STORE, 0, position)!);
  assert.equal(sibling(STORE, places[2]!, 1)?.item, places[0]!.item);
  assert.equal(sibling(STORE, places[0]!, -1)?.item, places[2]!.item);
});

test("the root lies nowhere", () => {
  assert.equal(placeOfGroup(STORE, 0), undefined);
  assert.deepEqual(placeOfGroup(STORE, 2), { item: ~2, group: 1, position: 1 });
});
