import assert from "node:assert/strict";
import { test } from "node:test";
import type { Findings } from "../src/contract.ts";
import { about, badgesOf, countsOf, countWords, marksOf } from "../src/findings.ts";
import { badgeAt, HELD } from "../src/paint/badge.ts";

/** Node 4 in group 2 in group 1 has a warning and an info; group 3 has an error of its own. */
const FOUND: Findings = {
  checks: {},
  findings: [
    { check: "CA013", severity: 0, what: "group", at: [~3] },
    { check: "CA010", severity: 1, what: "node", at: [4, 5] },
    { check: "CA020", severity: 2, what: "node", at: [4] },
    { check: "CA001", severity: 2, what: "the whole model", at: [] },
  ],
  marks: [~3, 1, 0, 0, ~2, 0, 1, 1, ~1, 0, 1, 1, 4, 0, 1, 1],
  hidden: 3,
  unchecked: "",
};

test("counts tell what is listed and what is not", () => {
  assert.deepEqual(countsOf(FOUND), [1, 1, 5]);
  assert.equal(countWords([1, 2, 0]), "1 error, 2 warnings");
  assert.equal(countWords([0, 0, 0]), "");
});

test("badges show the gravest of what is wanted, and tell a group from what lies in it", () => {
  assert.deepEqual([...badgesOf(FOUND, new Set([0, 1, 2]))], [[~3, 0], [~2, 1 + HELD], [~1, 1 + HELD], [4, 1]]);
  assert.deepEqual([...badgesOf(FOUND, new Set([2]))], [[~2, 2 + HELD], [~1, 2 + HELD], [4, 2]]);
  assert.deepEqual([...badgesOf(FOUND, new Set())], []);
});

test("marks count at the place of a finding, and at the groups around it", () => {
  const nodeGroup = Int32Array.from([0, 0, 0, 0, 2, 0]);
  const groupParents = Int32Array.from([-1, 0, 1, 0]);
  const rows = (marks: readonly number[]): string[] => Array.from({ length: marks.length / 4 }, (_, at) => marks.slice(at * 4, at * 4 + 4).join()).sort();
  assert.deepEqual(rows(marksOf({ nodeGroup, groupParents }, FOUND.findings)), rows(FOUND.marks));
});

test("what is said of one thing names it, and counts what lies further in", () => {
  assert.deepEqual(about(FOUND, 5).own.map(({ check }) => check), ["CA010"]);
  assert.deepEqual(about(FOUND, ~3), { own: [FOUND.findings[0]], inside: "" });
  assert.deepEqual(about(FOUND, ~1), { own: [], inside: "1 warning, 1 info" });
  assert.deepEqual(about(FOUND, 9), { own: [], inside: "" });
});

test("a badge lies at the corner of its box, where there is room for it", () => {
  const badge = badgeAt(1, 10, 20, 100, 30);
  assert.ok(badge !== undefined && badge.x > 100 && badge.x < 114 && badge.y < 26 && badge.severity === 1);
  assert.equal(badgeAt(0, 0, 0, 100, 4), undefined);
  assert.equal(badgeAt(HELD, 0, 0, 300, 300, 20), undefined, "the boxes in the group have badges of their own");
  assert.equal(badgeAt(HELD, 0, 0, 300, 300, 3)?.severity, 0);
  assert.equal(badgeAt(0, 0, 0, 300, 300, 20)?.severity, 0, "a finding of the group itself stays");
});
