import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, lift } from "../src/camera/camera.ts";
import type { Camera } from "../src/camera/camera.ts";
import { Eye } from "../src/camera/eye.ts";
import { flight } from "../src/camera/flight.ts";
import { boxOf } from "../src/pick/pick.ts";
import { nested } from "./charts.ts";

const SCREEN = { width: 1000, height: 600 };
const HOME = fitting(0, { x: 0, y: 0, w: 400, h: 300 }, SCREEN);

test("a flight begins and ends exactly where it should, however deep", () => {
  const nest = nested(120);
  const target: Camera = { anchor: 100, x: 33, y: 44, k: 1.7 };
  const made = flight(nest, HOME, target, SCREEN);
  assert.deepEqual(made.at(0), HOME);
  assert.deepEqual(made.at(1), target);
  assert(made.duration > 150 && made.duration < 1200);
});

test("nothing jumps: from frame to frame a flight moves by less than the screen", () => {
  const nest = nested(12);
  for (const [from, to] of [
    [HOME, { anchor: 9, x: 70, y: 34, k: 2 }],
    [{ anchor: 9, x: 70, y: 34, k: 2 }, HOME],
    [{ anchor: 0, x: 70, y: 34, k: 3 }, { anchor: 0, x: 70, y: 264, k: 3 }],
    [{ anchor: 5, x: 70, y: 34, k: 2 }, { anchor: 0, x: 70, y: 264, k: 2 }],
  ] as const) {
    const made = flight(nest, from, to, SCREEN);
    const frames = 240;
    let before = made.at(0);
    for (let at = 1; at <= frames; at++) {
      const now = made.at(at / frames);
      const a = lift(nest, before, before.anchor);
      const b = lift(nest, now, now.anchor);
      const moved = Math.hypot(a.x - b.x, a.y - b.y) * Math.min(a.k, b.k);
      assert(moved < 90, `frame ${at} moves ${moved} px`);
      const zoom = Math.abs(Math.log(b.k / a.k));
      assert(zoom < 0.35, `frame ${at} zooms by e^${zoom}`);
      before = now;
    }
  }
});

test("the eye flies, and what else moves it ends the flight", async () => {
  const nest = nested(6);
  let now = 0;
  let due: (() => void)[] = [];
  const seen: Camera[] = [];
  let rests = 0;
  const clock = { now: () => now, frame: (run: () => void) => void due.push(run) };
  const events = { moved: (camera: Camera) => void seen.push(camera), rested: () => void rests++ };
  const eye = new Eye(nest, HOME, SCREEN, events, clock);
  const run = (ms: number): void => {
    for (const end = now + ms; now < end; now += 16) {
      const runs = due;
      due = [];
      runs.forEach((one) => one());
    }
  };
  const target: Camera = { anchor: 2, x: 200, y: 150, k: 2 };
  const arrived = eye.fly(target);
  run(2000);
  assert.equal(await arrived, true);
  const box = boxOf(nest, eye.camera, SCREEN, 2, 0)!;
  assert(Math.abs(box.x - (500 + (20 - 200) * 2)) < 1e-6);
  assert.equal(rests, 1);
  assert(seen.length > 10);
  const broken = eye.fly(HOME);
  run(50);
  eye.pan(5, 0);
  assert.equal(await broken, false);
});
