import assert from "node:assert/strict";
import { test } from "node:test";
import { Attributes, Columns } from "../src/columns.ts";
import { AttributesNeeded, Engine } from "../src/find/engine.ts";
import { FIELD_NAMES } from "../src/find/fields.ts";
import { parseQuery } from "../src/find/query.ts";
import { readDimensions, readNumber } from "../src/find/value.ts";
import { Forgiving, needle, TIER, tierOf } from "../src/find/words.ts";
import { pack, sample } from "./fixture.ts";

// input ── conv1 ── bn ── relu ── conv2 ── add ── Dense      group 1: block1 holds conv1 bn relu; group 2: se in it
//                             └──────────────┘
const NET = sample(
  [
    { name: "input", op: "InputLayer", shape: [null, 224, 224, 3] },
    { name: "block1_conv", op: "Conv2D", group: 1, inputs: [0], shape: [null, 112, 112, 64], weights: [{ name: "kernel", shape: [7, 7, 3, 64] }] },
    { name: "block1_bn", op: "BatchNormalization", group: 1, inputs: [1], shape: [null, 112, 112, 64], weights: [{ name: "gamma", shape: [64] }, { name: "moving_mean", shape: [64], trainable: false }] },
    { name: "block1_relu", op: "ReLU", group: 2, inputs: [2], shape: [null, 112, 112, 64] },
    { name: "conv2", op: "Conv2D", inputs: [3], shape: [null, 112, 112, 512], weights: [{ name: "kernel", shape: [3, 3, 64, 512] }] },
    { name: "add", op: "Add", inputs: [4, 3], shape: [null, 112, 112, 512], dtype: "float16" },
    { name: "Predictions", op: "Dense", inputs: [5, [0, -1]], shape: [null, 10], weights: [{ name: "kernel", shape: [512, 2000] }] },
  ],
  [{ name: "block1", parent: 0 }, { name: "squeeze", parent: 1, kind: "model", op: "Functional" }],
  { macs: [Number.NaN, 118e6, 0, 0, 3.6e9, 0, 1e6] },
);
const ATTRIBUTES = new Attributes(
  pack([
    ["attributes", "utf8", [
      "{}",
      '{"filters":64,"kernel_size":[7,7],"strides":[2,2],"use_bias":true,"kernel_initializer":{"class_name":"GlorotUniform","config":{"seed":null}}}',
      '{"filters":512,"kernel_size":[3,3],"strides":[1,2],"use_bias":false,"activation":"relu"}',
      '{"units":10,"activation":{"class_name":"softmax"},"_device":"/gpu:1"}',
    ]],
    ["attribute_code", "i32", [0, 1, 0, 0, 2, 0, 3]],
  ]),
);
const engine = new Engine(NET);
engine.attributes = ATTRIBUTES;
const names = (query: string): string[] => [...engine.search(query).nodes].map((node) => NET.name(node));
const groups = (query: string): string[] => [...engine.search(query).groups].map((group) => NET.groupName(group));

test("numbers have units", () => {
  const read = { "256": 256, "1.5M": 1.5e6, "4kB": 4000, "2MiB": 2 * 1024 ** 2, "1e-3": 0.001, "1_000": 1000, ".5k": 500, "3B": 3, "-2": -2, "1G": 1e9 };
  for (const [text, number] of Object.entries(read)) assert.equal(readNumber(text), number, text);
  for (const text of ["", "k", "1.2.3", "3x3", "relu", "1Mx"]) assert.ok(Number.isNaN(readNumber(text)), text);
});

test("dimensions may be unknown or any", () => {
  assert.deepEqual(readDimensions("?x224x*"), [null, 224, "*"]);
  assert.deepEqual(readDimensions("(None, 10)"), [null, 10]);
  assert.deepEqual(readDimensions("(64,)"), [64]);
  assert.equal(readDimensions("x"), undefined);
  assert.equal(readDimensions("6x"), undefined);
});

test("words are found in names, operations, groups, shapes, types, weights and attributes", () => {
  assert.deepEqual(names("conv"), ["block1_conv", "conv2"]);
  assert.deepEqual(names("DENSE"), ["Predictions"]);
  assert.deepEqual(names("block1 relu"), ["block1_relu"]);
  assert.deepEqual(names("float16"), ["add"]);
  assert.deepEqual(names("7x7x3x64"), ["block1_conv"]);
  assert.deepEqual(names("112x512"), ["conv2", "add"]);
  assert.deepEqual(names("gamma"), ["block1_bn"]);
  assert.deepEqual(names("softmax"), ["Predictions"]);
  assert.deepEqual(names("glorot"), ["block1_conv"]);
  assert.ok(engine.search('"block1 conv"').similar, "a space is not an underscore");
  assert.deepEqual(names('"block1_conv"'), ["block1_conv"]);
  assert.deepEqual(names(""), []);
});

test("groups are found by name, and what is in one is not found by the group alone", () => {
  assert.deepEqual(groups("block1"), ["block1"]);
  assert.deepEqual(groups("block1 squeeze"), ["squeeze"]);
  assert.deepEqual(names("squeeze"), []);
  assert.deepEqual(groups("kind:model"), ["squeeze"]);
  assert.deepEqual(groups("op:functional"), ["squeeze"]);
  assert.deepEqual(groups("params>0"), []);
});

test("the better fits rank before the weaker", () => {
  const rank = (query: string, name: string): number => {
    const found = engine.search(query);
    return found.nodeRanks[[...found.nodes].findIndex((node) => NET.name(node) === name)] as number;
  };
  assert.equal(rank("conv2", "conv2"), TIER.exact);
  assert.ok(rank("relu", "block1_relu") < rank("relu", "conv2"));
  assert.ok(rank("conv", "conv2") < rank("onv", "conv2"));
});

test("fields compare", () => {
  assert.deepEqual(names("params>1M"), ["Predictions"]);
  assert.deepEqual(names("op:conv params > 100k"), ["conv2"]);
  assert.deepEqual(names("bytes<=1kB params>0"), ["block1_bn"]);
  assert.deepEqual(names("macs>=1G"), ["conv2"]);
  assert.deepEqual(names("shape:224x224x3"), ["input"]);
  assert.deepEqual(names("shape:(?,10)"), ["Predictions"]);
  assert.deepEqual(names("shape=?x112x112x512"), ["conv2", "add"]);
  assert.deepEqual(names("dtype:float16"), ["add"]);
  assert.deepEqual(names("weight:moving"), ["block1_bn"]);
  assert.deepEqual(names("weight:3x3"), ["conv2"]);
  assert.deepEqual(names("in:block1"), ["block1_conv", "block1_bn", "block1_relu"]);
  assert.deepEqual(names("name=conv2"), ["conv2"]);
  assert.deepEqual(names("name!=conv2 op=Conv2D"), ["block1_conv"]);
  assert.deepEqual(names("inputs>1"), ["add", "Predictions"]);
  assert.deepEqual(names("id:squeeze/"), ["block1_relu"]);
  assert.deepEqual(names("rank=2"), ["Predictions"]);
  assert.deepEqual(names("device:gpu"), ["Predictions"]);
  assert.deepEqual(names("conv -name:block1"), ["conv2"]);
  assert.deepEqual(names("op:dense | dtype:float16"), ["add", "Predictions"]);
});

test("brackets ask for attributes", () => {
  assert.deepEqual(names("Conv2D[filters>256]"), ["conv2"]);
  assert.deepEqual(names("conv2d[ filters >= 64, use_bias ]"), ["block1_conv"]);
  assert.deepEqual(names("Conv2D[kernel_size=3x3]"), ["conv2"]);
  assert.deepEqual(names("Conv2D[kernel_size=7]"), ["block1_conv"]);
  assert.deepEqual(names("Conv2D[strides>1]"), ["block1_conv", "conv2"]);
  assert.deepEqual(names("Conv2D[strides=2]"), ["block1_conv"]);
  assert.deepEqual(names("Conv2D[strides=(1,2)]"), ["conv2"]);
  assert.deepEqual(names("[activation=softmax]"), ["Predictions"]);
  assert.deepEqual(names("Conv2D[use_bias=false]"), ["conv2"]);
  assert.deepEqual(names("conv[params>10k]"), ["conv2"]);
  assert.deepEqual(names("filters>100"), ["conv2"]);
  assert.deepEqual(names("[kernel_initializer.class_name:glorot]"), ["block1_conv"]);
});

test("a pattern finds what feeds what, and all of a chain", () => {
  assert.deepEqual(names("Conv2D -> BatchNormalization"), ["block1_conv", "block1_bn"]);
  assert.deepEqual(names("conv->add"), ["conv2", "add"]);
  assert.deepEqual(names("ReLU -> Add"), ["block1_relu", "add"]);
  assert.deepEqual(names("op:Conv2D -> op:BatchNormalization -> op:ReLU"), ["block1_conv", "block1_bn", "block1_relu"]);
  assert.deepEqual(names("Dense -> Conv2D"), []);
  assert.deepEqual(names("InputLayer -> Dense"), [], "an order is no tensor");
});

test("regular expressions are tried on id, name and operation", () => {
  assert.deepEqual(names("/^conv\\d$/"), ["conv2"]);
  assert.deepEqual(names("/^RELU$/i"), ["block1_relu"]);
  assert.deepEqual(names("/^block1/squeeze/"), ["block1_relu"]);
  assert.deepEqual(names("name:/_(bn|relu)$/"), ["block1_bn", "block1_relu"]);
});

test("slips of the finger are forgiven where nothing fits exactly", () => {
  const found = engine.search("covn2");
  assert.ok(found.similar);
  assert.deepEqual([...found.nodes].map((node) => NET.name(node)).includes("conv2"), true);
  assert.ok(engine.search("predctions").similar);
  assert.deepEqual(names("b1bn"), ["block1_bn"]);
  assert.equal(engine.search("conv2").similar, false);
  assert.deepEqual(names("zzzzqq"), []);
});

/** Whether a word lies in a text with at most some slips: the slow way, by the table of all distances. */
function slips(word: string, text: string): number {
  const rows: number[][] = [Array.from({ length: text.length + 1 }, () => 0)];
  for (let i = 1; i <= word.length; i++) {
    const row = [i];
    for (let j = 1; j <= text.length; j++) {
      const same = word[i - 1] === text[j - 1] ? 0 : 1;
      let best = Math.min((rows[i - 1]?.[j] as number) + 1, (row[j - 1] as number) + 1, (rows[i - 1]?.[j - 1] as number) + same);
      if (i > 1 && j > 1 && word[i - 1] === text[j - 2] && word[i - 2] === text[j - 1]) best = Math.min(best, (rows[i - 2]?.[j - 2] as number) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return Math.min(...(rows[word.length] as number[]));
}

test("the forgiving search agrees with the table of all distances", () => {
  let seed = 7;
  const letter = (): string => "abc"[(seed = (seed * 48271) % 2147483647) % 3] as string;
  const text = (size: number): string => Array.from({ length: size }, letter).join("");
  let yes = 0;
  for (let round = 0; round < 3000; round++) {
    const word = text(4 + (round % 8));
    const whole = text(round % 17);
    const allowed = word.length >= 9 ? 2 : 1;
    const expected = slips(word, whole) <= allowed;
    const bytes = new TextEncoder().encode(whole);
    assert.equal(new Forgiving(needle(word).bytes).tierIn(bytes, 0, bytes.length) === TIER.typo, expected, `${word} in ${whole}`);
    yes += expected ? 1 : 0;
  }
  assert.ok(yes > 300 && yes < 2700);
});

test("tiers of words", () => {
  const tier = (text: string, word: string): number => tierOf(text, needle(word).bytes);
  assert.equal(tier("Conv2D", "conv2d"), TIER.exact);
  assert.equal(tier("conv2_block", "conv"), TIER.start);
  assert.equal(tier("my_conv", "conv"), TIER.boundary);
  assert.equal(tier("batchNorm", "norm"), TIER.boundary);
  assert.equal(tier("deconv", "conv"), TIER.inside);
  assert.equal(tier("dense", "conv"), TIER.none);
  assert.equal(tier("Größe", "größe"), TIER.exact);
});

test("errors say what was expected and where", () => {
  const fails = (query: string, expected: RegExp): void => assert.throws(() => engine.search(query), expected);
  fails("Conv2D[filters>", /Expected a value after filters>/);
  fails("Conv2D[filters>2", /Expected \] to close \[/);
  fails("Conv2D[]", /Expected a condition/);
  fails("params>many", /Expected a number after params>/);
  fails("name>3", /name is text/);
  fails("shape:wide", /Expected dimensions/);
  fails("-> ReLU", /before the arrow/);
  fails("ReLU ->", /after the arrow/);
  fails("a |", /after \|/);
  fails('"open', /close the quotation/);
  fails("/(/", /regular expression cannot be read/);
  fails("/conv", /Expected \/ to close/);
  fails("a ]", /received \]/);
  fails("Conv2D[=3]", /Expected a condition/);
});

test("an attribute that nothing has is named, with what it may have meant", () => {
  assert.ok(/did you mean filters/.test(engine.search("[fliters>3]").note));
  assert.ok(/no.*attribute zzz/i.test(engine.search("zzz>3").note));
  assert.equal(engine.search("params>1T").note, "");
});

test("attributes are asked for when a query compares them", () => {
  const bare = new Engine(NET);
  assert.throws(() => {
    try {
      bare.search("Conv2D[filters>3]");
    } catch (error) {
      assert.ok(error instanceof AttributesNeeded);
      throw new Error("needed");
    }
  }, /needed/);
  assert.deepEqual([...bare.search("conv").nodes], [1, 4]);
});

test("typing on gives what a fresh search gives", () => {
  for (const query of ["block1_relu", "conv2d 112x512", "float16 add", "relu", "batch norm"]) {
    const typed = new Engine(NET);
    typed.attributes = ATTRIBUTES;
    for (let size = 1; size <= query.length; size++) {
      const fresh = new Engine(NET);
      fresh.attributes = ATTRIBUTES;
      const part = query.slice(0, size);
      assert.deepEqual(typed.search(part), fresh.search(part), part);
    }
  }
});

test("any text is a query or an error of its own kind", () => {
  let seed = 11;
  const letters = 'ab1 ->|[]"/:=<>!(),x?*.\\-→é';
  for (let round = 0; round < 4000; round++) {
    let text = "";
    for (let at = 0; at < round % 14; at++) text += letters[(seed = (seed * 48271) % 2147483647) % letters.length] as string;
    try {
      parseQuery(text, FIELD_NAMES);
      engine.search(text);
    } catch (error) {
      assert.equal((error as Error).name, "QueryError", `${text}: ${String(error)}`);
    }
  }
});

test("columns that are cut or of another schema are refused", () => {
  const whole = new Uint8Array(NET.buffer as ArrayBuffer);
  for (const size of [0, 3, 10, 400, whole.length - 9]) {
    assert.throws(() => new Columns(whole.slice(0, size).buffer));
  }
  assert.throws(() => new Columns(pack([], { schema: 2 })), /expected schema 1, received 2/);
});

test("ids come from groups and names unless they are their own", () => {
  const twins = sample([{ name: "a", op: "X", group: 1 }, { name: "a", op: "X", group: 1, id: "g/a@2" }, { name: "größe", op: "Y" }], [{ name: "g", parent: 0 }]);
  assert.deepEqual([0, 1, 2].map((node) => twins.id(node)), ["g/a", "g/a@2", "größe"]);
  assert.deepEqual(["g/a", "g/a@2", "größe", "a", ""].map((id) => twins.nodeById(id)), [0, 1, 2, -1, -1]);
  assert.deepEqual(["", "g", "h"].map((id) => twins.groupById(id)), [0, 1, -1]);
});
