import assert from "node:assert/strict";
import { test } from "node:test";
import {
  anchored, between, fitting, fittingChild, inward, lift, originOf, outward, panned, pointAt, zoomed,
} from "../src/camera/camera.ts";
import type { Camera } from "../src/camera/camera.ts";
import { boxOf } from "../src/pick/pick.ts";
import { nested } from "./charts.ts";

const SCREEN = { width: 1000, height: 600 };

function close(actual: number, expected: number, slack = 1e-6): void {
  assert(Math.abs(actual - expected) <= slack * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}

test("going outward and inward again changes nothing", () => {
  const nest = nested(5);
  const camera: Camera = { anchor: 3, x: 12.5, y: 40, k: 2 };
  const back = inward(nest, outward(nest, camera)!, 3);
  close(back.x, 12.5);
  close(back.y, 40);
  close(back.k, 2);
  assert.equal(outward(nest, { anchor: 0, x: 0, y: 0, k: 1 }), undefined);
});

test("the point under the pointer stays there while zooming", () => {
  const camera: Camera = { anchor: 0, x: 100, y: 80, k: 1.5 };
  const before = pointAt(camera, SCREEN, 700, 120);
  const after = pointAt(zoomed(camera, SCREEN, 7.3, 700, 120), SCREEN, 700, 120);
  close(after.x, before.x);
  close(after.y, before.y);
});

test("a drag moves what is seen by as many px", () => {
  const camera: Camera = { anchor: 0, x: 100, y: 80, k: 4 };
  const moved = panned(camera, 30, -12);
  close(originOf(moved, SCREEN).x - originOf(camera, SCREEN).x, 30);
  close(originOf(moved, SCREEN).y - originOf(camera, SCREEN).y, -12);
});

test("the same view anchored elsewhere shows every box at the same place", () => {
  const nest = nested(6);
  const camera: Camera = { anchor: 0, x: 250, y: 148, k: 300 };
  const deep = anchored(nest, camera, SCREEN);
  assert(deep.anchor >= 2, `the anchor is ${deep.anchor}`);
  for (const group of [0, 1, 2, 3, 4]) {
    const a = boxOf(nest, camera, SCREEN, group, 1)!;
    const b = boxOf(nest, deep, SCREEN, group, 1)!;
    close(a.x, b.x, 1e-6);
    close(a.w, b.w, 1e-9);
  }
});

test("two hundred levels deep, boxes are still where they belong", () => {
  const nest = nested(200);
  let camera = fitting(0, { x: 0, y: 0, w: 400, h: 300 }, SCREEN);
  for (let step = 0; step < 4000 && camera.anchor < 190; step++) {
    const inner = boxOf(nest, camera, SCREEN, camera.anchor, 1)!;
    camera = anchored(nest, zoomed(camera, SCREEN, 1.2, inner.x + inner.w / 2, inner.y + inner.h / 2), SCREEN);
  }
  assert(camera.anchor >= 190, `the camera came down to ${camera.anchor}`);
  const [first, last] = [0, 2].map((at) => boxOf(nest, camera, SCREEN, camera.anchor, at)!);
  close((last!.y - first!.y) / first!.h, (250 - 20) / 28, 1e-9);
  const view = fittingChild(nest, 195, 0, SCREEN);
  const box = boxOf(nest, view, SCREEN, 195, 0)!;
  close(box.x + box.w / 2, SCREEN.width / 2);
  close(box.w, 220);
});

test("far outside of the model the camera is anchored in the root", () => {
  const nest = nested(4);
  const away = anchored(nest, { anchor: 3, x: 1e7, y: -1e6, k: 2 }, SCREEN);
  assert.equal(away.anchor, 0);
  assert.equal(anchored(nest, { anchor: 2, x: 200, y: 150, k: 1e-6 }, SCREEN).anchor, 0);
});

test("a bitmap is moved to where its boxes now are", () => {
  const nest = nested(8);
  const from = anchored(nest, { anchor: 0, x: 250, y: 148, k: 90 }, SCREEN);
  const to = anchored(nest, zoomed(panned(from, 40, 25), SCREEN, 3.1, 200, 500), SCREEN);
  const shift = between(nest, from, to, SCREEN);
  const before = boxOf(nest, from, SCREEN, 3, 0)!;
  const after = boxOf(nest, to, SCREEN, 3, 0)!;
  close(before.x * shift.scale + shift.x, after.x, 1e-6);
  close(before.y * shift.scale + shift.y, after.y, 1e-6);
  close(before.w * shift.scale, after.w);
});

test("lifting further than the root stops there", () => {
  assert.equal(lift(nested(3), { anchor: 2, x: 0, y: 0, k: 1 }, 10).anchor, 0);
});
