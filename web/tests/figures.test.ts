import assert from "node:assert/strict";
import { test } from "node:test";

import { pathText } from "../src/panels/figures.ts";

test("paths of a chart become the words of SVG", () => {
  assert.equal(pathText([0, 1, 2, 1, 3.5, -4, 2, 1, 2, 3, 4, 5, 6]), "M1 2L3.5 -4C1 2 3 4 5 6");
  assert.equal(pathText([]), "");
});
