/**
 * Flights: from one view to another along a path that goes out far enough for the eye to follow.
 *
 * The path is the one after van Wijk and Nuij, "Smooth and efficient zooming and panning" (2003). The first half is
 * said from where it begins and the second from where it ends, so that both ends are exact however deep they lie.
 */
import { lift, meet } from "./camera.ts";
import type { Camera, Nest, Viewport } from "./camera.ts";

const RHO = 1.25; // how much a flight prefers going out over going along
const SPEED = 2.6; // of the path, per second
const SHORTEST = 180;
const LONGEST = 1100;

export interface Flight {
  /** Duration in ms. */
  readonly duration: number;
  /** The camera at a share of the way, 0 to 1. */
  at(share: number): Camera;
}

interface Curve {
  readonly length: number;
  /** How far along the straight line from the start, and how wide the view is there. */
  at(s: number): { u: number; w: number };
}

function curve(w0: number, w1: number, distance: number): Curve {
  if (distance < 1e-6 * Math.min(w0, w1)) {
    const length = Math.abs(Math.log(w1 / w0)) / RHO;
    const sign = w1 < w0 ? -1 : 1;
    return { length, at: (s) => ({ u: length ? (distance * s) / length : 0, w: w0 * Math.exp(sign * RHO * s) }) };
  }
  const square = RHO * RHO;
  const b0 = (w1 * w1 - w0 * w0 + square * square * distance * distance) / (2 * w0 * square * distance);
  const b1 = (w1 * w1 - w0 * w0 - square * square * distance * distance) / (2 * w1 * square * distance);
  const r0 = -Math.asinh(b0);
  const r1 = -Math.asinh(b1);
  return {
    length: (r1 - r0) / RHO,
    at: (s) => ({
      u: (w0 * Math.sinh(RHO * s)) / (square * Math.cosh(RHO * s + r0)),
      w: (w0 * Math.cosh(r0)) / Math.cosh(RHO * s + r0),
    }),
  };
}

/** A flight between two views of any depth. */
export function flight(nest: Nest, from: Camera, to: Camera, viewport: Viewport): Flight {
  const { fromA, fromB } = meet(nest, from.anchor, to.anchor);
  const a = lift(nest, from, fromA);
  const b = lift(nest, to, fromB);
  const size = Math.max(viewport.width, viewport.height, 1);
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const distance = Math.hypot(dx, dy);
  const there = curve(size / a.k, size / b.k, distance);
  const back = curve(size / b.k, size / a.k, distance);
  const unit = distance > 0 ? 1 / distance : 0;
  const outA = from.k / a.k; // px of the meeting group per px of the start's anchor, upside down
  const outB = to.k / b.k;
  const seconds = there.length / SPEED;
  return {
    duration: Math.min(LONGEST, Math.max(SHORTEST, seconds * 1000)),
    at(share) {
      if (share <= 0) {
        return from;
      }
      if (share >= 1) {
        return to;
      }
      const s = eased(share) * there.length;
      if (s < there.length / 2) {
        const { u, w } = there.at(s);
        const moved = (u * unit) / outA;
        return { anchor: from.anchor, x: from.x + dx * moved, y: from.y + dy * moved, k: (size / w) * outA };
      }
      const { u, w } = back.at(there.length - s);
      const moved = (u * unit) / outB;
      return { anchor: to.anchor, x: to.x - dx * moved, y: to.y - dy * moved, k: (size / w) * outB };
    },
  };
}

function eased(share: number): number {
  return share * share * (3 - 2 * share);
}
