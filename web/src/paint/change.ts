/** The marks of what became of something: a letter in the corner of its box, and hatching over what is gone. */
import type { Ink } from "./ink.ts";
import { FAINT_TEXT, softened } from "./ink.ts";
import { put } from "./text.ts";
import type { Marks } from "./dressing.ts";

/** How a state looks, in one theme. */
export interface ChangeColours {
  readonly letter: string;
  readonly fill: string;
  readonly stroke: string;
}

/** What became of everything in a chart, and how that looks, by theme and code; code 0 is what is equal. */
export interface Changes extends Marks {
  readonly looks: Readonly<Record<string, readonly ChangeColours[]>>;
}

const REMOVED = 2;
const HOLDS = 0x80;
const STEP = 7; // px at scale 1 from line to line of the hatching
const CLOSEST = 4; // px of the screen
const SMALLEST_BOX = 7; // px of height of a box that has room for a letter
const LETTER = 10; // px at scale 1
const LARGEST = 15; // px of the screen
const SMALLEST = 7;
const DISC = 0.65; // radius of the disc behind a letter, as a share of its size
const DOT = "•";

/** What became of an item, or 0. */
export function stateOf(changes: Changes | undefined, item: number): number {
  return (changes === undefined ? 0 : item >= 0 ? changes.nodes[item] : changes.groups[~item]) ?? 0;
}

export function isGhost(changes: Changes | undefined, item: number): boolean {
  return stateOf(changes, item) === REMOVED;
}

export function coloursOf(changes: Changes, theme: string, state: number): ChangeColours | undefined {
  const looks = changes.looks[theme] ?? Object.values(changes.looks)[0];
  return looks?.[state & HOLDS ? 0 : state];
}

/** The letter of a state; a group that only holds changes has a dot. */
export function letterOf(changes: Changes, theme: string, state: number): string {
  return state & HOLDS ? DOT : (coloursOf(changes, theme, state)?.letter ?? "");
}

/** Lines over a box of what is gone, at 45 degrees, as the picture draws them. */
export function paintHatching(ink: Ink, x: number, y: number, w: number, h: number, s: number, colour: string): void {
  const { canvas, window } = ink;
  const step = Math.max(CLOSEST, softened(STEP * s, 3 * STEP));
  if (h < CLOSEST || w < CLOSEST || x > window.right || y > window.bottom || x + w < window.left || y + h < window.top) {
    return;
  }
  const base = canvas.globalAlpha;
  canvas.globalAlpha = base * 0.4;
  canvas.strokeStyle = colour;
  canvas.lineWidth = Math.max(0.6, softened(0.8 * s, 1.6));
  canvas.beginPath();
  const from = Math.max(step, Math.floor((window.left - x + window.top - y) / step) * step);
  const to = Math.min(w + h, window.right - x + window.bottom - y);
  for (let at = from; at < to; at += step) {
    const left = Math.max(0, at - h);
    const right = Math.min(at, w);
    canvas.moveTo(x + left, y + at - left);
    canvas.lineTo(x + right, y + at - right);
  }
  canvas.stroke();
  canvas.globalAlpha = base;
}

/** A letter on a disc over the upper left corner of a box. */
export function paintLetter(ink: Ink, letter: string, x: number, y: number, w: number, h: number, s: number): void {
  const size = Math.min(h, w) < SMALLEST_BOX ? 0 : Math.max(Math.min(SMALLEST, h * 0.7), softened(LETTER * s, LARGEST));
  if (letter === "" || size < FAINT_TEXT) {
    return;
  }
  const { canvas, palette } = ink;
  const [middleX, middleY] = [x + size * 0.2, y + size * 0.2];
  canvas.fillStyle = palette.text;
  canvas.strokeStyle = palette.background;
  canvas.lineWidth = Math.max(0.7, size * 0.1);
  canvas.beginPath();
  canvas.arc(middleX, middleY, size * DISC, 0, 2 * Math.PI);
  canvas.fill();
  canvas.stroke();
  put(ink, {
    text: letter, x: middleX, y: middleY + size * 0.36, room: size * 2, size, weight: 600, align: "center",
    alpha: canvas.globalAlpha, colour: palette.background,
  });
}
