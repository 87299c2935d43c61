import assert from "node:assert/strict";
import { test } from "node:test";
import { groupDetails, nodeDetails } from "../src/data/details.ts";
import { sample } from "./fixture.ts";

// a layer in a block in a nested model; the block is not a model of Keras
const NET = sample(
  [{ name: "conv", op: "Conv2D", group: 2 }, { name: "top", op: "Dense" }],
  [{ name: "encoder", parent: 0, kind: "model" }, { name: "block1", parent: 1, kind: "block" }],
);

test("a layer is reached through the models around it, and not through groups that we found", () => {
  assert.equal(nodeDetails(NET, undefined, 0, "keras_v3").python, 'model.get_layer("encoder").get_layer("conv")');
  assert.equal(nodeDetails(NET, undefined, 1, "keras_h5").python, 'model.get_layer("top")');
  assert.equal(groupDetails(NET, 1, undefined, "keras_v3").python, 'model.get_layer("encoder")');
  assert.equal(groupDetails(NET, 2, undefined, "keras_v3").python, "");
  assert.equal(groupDetails(NET, 0, undefined, "keras_v3").python, "");
});

test("an operation of a graph has a name, a scope of it is nothing that a program has", () => {
  assert.equal(nodeDetails(NET, undefined, 0, "graph_def").python, 'graph.get_operation_by_name("encoder/block1/conv")');
  assert.equal(groupDetails(NET, 1, undefined, "graph_def").python, "");
  assert.equal(nodeDetails(NET, undefined, 0, "tflite").python, "");
});
