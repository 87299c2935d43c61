/** The mark of a box: a plain rectangle while it is small, with border and round corners when that can be seen. */
import { near, softened } from "./ink.ts";
import type { Ink } from "./ink.ts";
import type { BoxColours } from "./palette.ts";

const BORDER_FROM = 5; // px of height
const ROUND_FROM = 12; // corners cost a path, and cannot be told apart below
const SHARP = 1.2; // px of a corner's radius that is drawn as none
const THICKEST = 2.4;

export interface BoxStyle {
  readonly colours: BoxColours;
  readonly fill: string;
  /** Width of the border and radius of the corners, in px at scale 1. */
  readonly border: number;
  readonly radius: number;
}

export function paintBox(ink: Ink, x: number, y: number, w: number, h: number, s: number, style: BoxStyle): void {
  const { canvas, window } = ink;
  if (h < BORDER_FROM || w < BORDER_FROM) {
    canvas.fillStyle = style.fill === style.colours.fill ? style.colours.small : style.fill;
    canvas.fillRect(x, y, w, h);
    return;
  }
  const left = near(x, window.left, window.right);
  const top = near(y, window.top, window.bottom);
  const width = near(x + w, window.left, window.right) - left;
  const height = near(y + h, window.top, window.bottom) - top;
  canvas.fillStyle = style.fill;
  canvas.strokeStyle = style.colours.stroke;
  canvas.lineWidth = Math.max(0.5, softened(style.border * s, THICKEST));
  if (h < ROUND_FROM || style.radius * s < SHARP) {
    canvas.fillRect(left, top, width, height);
    canvas.strokeRect(left, top, width, height);
    return;
  }
  canvas.beginPath();
  canvas.roundRect(left, top, width, height, softened(style.radius * s, 14));
  canvas.fill();
  canvas.stroke();
}
