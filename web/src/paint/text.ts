/** The mark of the words in a node's box: what it is, and below it its name. */
import { FAINT_TEXT, FAMILY, softened, strength } from "./ink.ts";
import type { Ink, Words } from "./ink.ts";

const LARGEST = 26; // px of the first line; beyond it letters grow slowly
const RISE = 4.3; // px from the middle of a line to its baseline
const HIGHER = 0.8; // px that the further lines stand higher, as they are smaller

/**
 * Every text is written in one size and scaled: a browser keeps much for every size of a font that was ever used, and
 * a zoom uses hundreds.
 */
const WRITTEN = 100;

/** Setting the font of a canvas costs more than most texts. */
function setWeight(ink: Ink, weight: 400 | 600): void {
  if (ink.type.weight !== weight) {
    ink.type.weight = weight;
    ink.canvas.font = `${weight} ${WRITTEN}px ${FAMILY}`;
  }
}

const FIRST = 32;
const LAST = 126;
const OTHERS = "…×·→"; // what the page itself puts into names
/** Width of each character from the first to the last of ASCII, and of the others, as a share of the size, by weight. */
const ADVANCES = new Map<number, Float64Array>();

/** Width of a text at a size. Kerning is left out, which is 1 % of a name: to measure each costs more than to write it. */
export function widthAt(ink: Ink, text: string, size: number, weight: 400 | 600): number {
  const advances = ADVANCES.get(weight) ?? measureAll(ink, weight);
  let width = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= FIRST && code <= LAST) {
      width += advances[code - FIRST] as number;
      continue;
    }
    const other = OTHERS.indexOf(text.charAt(at));
    if (other < 0) {
      return otherWidth(ink, text, weight) * size;
    }
    width += advances[LAST - FIRST + 1 + other] as number;
  }
  return width * size;
}

function measureAll(ink: Ink, weight: 400 | 600): Float64Array {
  const ascii = Array.from({ length: LAST - FIRST + 1 }, (_, at) => String.fromCharCode(FIRST + at));
  const found = Float64Array.from([...ascii, ...OTHERS], (character) => measured(ink, character, weight));
  ADVANCES.set(weight, found);
  return found;
}

/** Widths of texts with other letters, as shares of the size. */
const WIDTHS = new Map<string, number>();
const MOST_WIDTHS = 20_000;

function otherWidth(ink: Ink, text: string, weight: 400 | 600): number {
  const key = weight + text;
  let found = WIDTHS.get(key);
  if (found === undefined) {
    if (WIDTHS.size > MOST_WIDTHS) {
      WIDTHS.clear();
    }
    found = measured(ink, text, weight);
    WIDTHS.set(key, found);
  }
  return found;
}

function measured(ink: Ink, text: string, weight: 400 | 600): number {
  setWeight(ink, weight);
  return ink.canvas.measureText(text).width / WRITTEN;
}

/**
 * Write a text later, together with all that have its font and colour: each change of either leaves an object behind
 * that the browser has to collect, and boxes by turns would change both hundreds of times in a picture.
 */
export function put(ink: Ink, words: Words): void {
  for (const list of ink.waiting) {
    const { weight, align, colour } = list[0] as Words;
    if (weight === words.weight && colour === words.colour && align === words.align) {
      list.push(words);
      return;
    }
  }
  ink.waiting.push([words]);
}

const SMALLEST = 3; // px of the bitmap: a smaller text is a bar
const BAR = { length: 0.55, height: 0.5, strength: 0.35 }; // shares of the size for each letter, of the size, of the text

/** What a text looks like from far away; letters would cost as much as those that can be read. */
function paintBar({ canvas, density, margin }: Ink, { text, x, y, size, room, align, alpha }: Words): void {
  const wide = Math.min(room, text.length * BAR.length * size);
  const left = x - (align === "left" ? 0 : align === "right" ? wide : wide / 2);
  canvas.setTransform(density, 0, 0, density, margin * density, margin * density);
  canvas.globalAlpha = alpha * BAR.strength;
  canvas.fillRect(left, y - BAR.height * size, wide, BAR.height * size);
}

const ASCII = /^[ -~]*$/;

/** Write all that waits: before something is painted over it, and at the end. */
export function writeAll(ink: Ink): void {
  const { canvas, density, margin, waiting } = ink;
  if (waiting.length === 0) {
    return;
  }
  const base = canvas.globalAlpha;
  for (const list of waiting) {
    const { weight, align, colour } = list[0] as Words;
    setWeight(ink, weight);
    canvas.textAlign = align;
    canvas.fillStyle = colour;
    for (const words of list) {
      const { text, x, y, size, room, alpha } = words;
      if (size * density < SMALLEST) {
        paintBar(ink, words);
        continue;
      }
      const scale = size / WRITTEN;
      canvas.globalAlpha = alpha;
      canvas.setTransform(density * scale, 0, 0, density * scale, (x + margin) * density, (y + margin) * density);
      if (ASCII.test(text)) {
        canvas.fillText(text, 0, 0);
      } else { // another font may draw it
        canvas.fillText(text, 0, 0, Math.max(1, room / scale));
      }
    }
  }
  waiting.length = 0;
  canvas.setTransform(density, 0, 0, density, margin * density, margin * density);
  canvas.globalAlpha = base;
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
  const align = "center";
  const alpha = base * strength(size);
  put(ink, { text: lines[0] as string, x: middle, y: baseline, room: w, size, weight: 600, align, colour: colours.first, alpha });
  const small = sizes.name * t;
  if (small < FAINT_TEXT) {
    return;
  }
  baseline -= HIGHER * t;
  for (let at = 1; at < lines.length; at++) {
    baseline += sizes.line * t;
    put(ink, {
      text: lines[at] as string, x: middle, y: baseline, room: w, size: small, weight: 400, align,
      colour: colours.other, alpha: base * strength(small),
    });
  }
}
