/** The mark of the words in a node's box: what it is, and below it its name. */
import { FAINT_TEXT, FAMILY, softened, strength } from "./ink.ts";
import type { Ink } from "./ink.ts";

const LARGEST = 26; // px of the first line; beyond it letters grow slowly
const RISE = 4.3; // px from the middle of a line to its baseline
const HIGHER = 0.8; // px that the further lines stand higher, as they are smaller

/**
 * Every text is written in one size and scaled: a browser keeps much for every size of a font that was ever used, and
 * a zoom uses hundreds.
 */
const WRITTEN = 100;

/** The size and weight of the texts to come. Setting the font of a canvas costs more than most texts. */
export function setFont(ink: Ink, size: number, weight: 400 | 600): void {
  ink.type.size = size;
  if (ink.type.weight !== weight) {
    ink.type.weight = weight;
    ink.canvas.font = `${weight} ${WRITTEN}px ${FAMILY}`;
  }
}

/** Width of a text, as a share of its size. */
export function measured(ink: Ink, text: string, weight: 400 | 600): number {
  setFont(ink, ink.type.size, weight);
  return ink.canvas.measureText(text).width / WRITTEN;
}

export interface Inks {
  readonly first: string;
  readonly other: string;
}

/** Lines in the middle of a box. */
export function paintLines(
  ink: Ink, lines: readonly string[], x: number, y: number, w: number, h: number, s: number, colours: Inks,
): void {
  const { canvas, sizes, window } = ink;
  const size = softened(sizes.op * s, LARGEST);
  if (size < FAINT_TEXT || lines.length === 0) {
    return;
  }
  const t = size / sizes.op;
  const middle = x + w / 2;
  if (middle + w / 2 < window.left || middle - w / 2 > window.right) {
    return;
  }
  let baseline = y + h / 2 + t * (RISE - (sizes.line * (lines.length - 1)) / 2);
  const base = canvas.globalAlpha;
  canvas.textAlign = "center";
  canvas.globalAlpha = base * strength(size);
  canvas.fillStyle = colours.first;
  setFont(ink, size, 600);
  put(ink, lines[0] as string, middle, baseline, w);
  const small = sizes.name * t;
  if (small >= FAINT_TEXT && lines.length > 1) {
    canvas.globalAlpha = base * strength(small);
    canvas.fillStyle = colours.other;
    setFont(ink, small, 400);
    baseline -= HIGHER * t;
    for (let at = 1; at < lines.length; at++) {
      baseline += sizes.line * t;
      put(ink, lines[at] as string, middle, baseline, w);
    }
  }
  canvas.globalAlpha = base;
}

const ASCII = /^[ -~]*$/;

/** Write a text; one that another font may draw keeps to the width of its box. */
export function put(ink: Ink, text: string, x: number, y: number, room: number): void {
  const { canvas, density, margin, type } = ink;
  const scale = type.size / WRITTEN;
  canvas.setTransform(density * scale, 0, 0, density * scale, (x + margin) * density, (y + margin) * density);
  if (ASCII.test(text)) {
    canvas.fillText(text, 0, 0);
  } else {
    canvas.fillText(text, 0, 0, Math.max(1, room / scale));
  }
  canvas.setTransform(density, 0, 0, density, margin * density, margin * density);
}
