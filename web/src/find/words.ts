/**
 * Words in bytes: exact and fuzzy. Names stay UTF-8 as they came; ASCII letters compare without their case.
 *
 * Hot code: 1,000,000 names are 20 to 40 MB, and a search looks at each byte about once per word.
 */

/** How well a word fits, the smaller the better; what each means stands at its number. */
export const TIER = {
  exact: 0, // the whole name
  start: 1, // the name begins with it
  boundary: 2, // a part of the name begins with it
  inside: 3, // somewhere in the name
  op: 4, // somewhere in the operation
  path: 5, // in a group around it
  weight: 6, // in the name of one of its weights
  tensor: 7, // an output's shape or dtype
  attribute: 8, // in a value of its attributes
  typo: 9, // with a letter wrong, missing, too many or two exchanged
  scattered: 10, // its letters in this order, with others between them
  none: 255,
} as const;

const FOLD = new Uint8Array(256);
const CLASS = new Uint8Array(256); // 0 neither, 1 letter, 2 digit
for (let byte = 0; byte < 256; byte++) {
  const upper = byte >= 65 && byte <= 90;
  FOLD[byte] = upper ? byte + 32 : byte;
  CLASS[byte] = upper || (byte >= 97 && byte <= 122) || byte > 127 ? 1 : byte >= 48 && byte <= 57 ? 2 : 0;
}

const ENCODER = new TextEncoder();

/** A word made ready: its bytes, without case. */
export interface Needle {
  readonly text: string;
  readonly bytes: Uint8Array;
}

export function needle(text: string): Needle {
  return { text: text.toLowerCase(), bytes: ENCODER.encode(text).map((byte) => FOLD[byte] as number) };
}

/** Whether a part of a name begins at a position: after a sign, or where letters turn to digits or back. */
function isBoundary(bytes: Uint8Array, from: number, at: number): boolean {
  if (at === from) return true;
  const before = bytes[at - 1] as number;
  const here = bytes[at] as number;
  if (CLASS[before] !== CLASS[here]) return true;
  return before >= 97 && before <= 122 && here >= 65 && here <= 90; // camelCase
}

/** Tier of a word in the bytes from `from` up to `to`: exact, start, boundary, inside or none. */
export function tierIn(bytes: Uint8Array, from: number, to: number, word: Uint8Array): number {
  const size = word.length;
  const first = word[0] as number;
  let best: number = TIER.none;
  for (let at = from; at <= to - size; at++) {
    if (FOLD[bytes[at] as number] !== first) continue;
    let step = 1;
    while (step < size && FOLD[bytes[at + step] as number] === word[step]) step++;
    if (step < size) continue;
    if (at === from) return to - from === size ? TIER.exact : TIER.start;
    if (isBoundary(bytes, from, at)) return TIER.boundary;
    best = TIER.inside;
  }
  return best;
}

/** Tier of a word in a text. */
export function tierOf(text: string, word: Uint8Array): number {
  const bytes = ENCODER.encode(text);
  return tierIn(bytes, 0, bytes.length, word);
}

/** A search that forgives slips, for one word. */
export class Forgiving {
  readonly #word: Uint8Array;
  readonly #masks = new Uint32Array(256);
  readonly #slips: number;
  readonly #rows: Uint32Array;
  readonly #before: Uint32Array;

  constructor(word: Uint8Array) {
    this.#word = word.subarray(0, 31); // one bit a letter
    this.#slips = word.length >= 9 ? 2 : word.length >= 4 ? 1 : 0;
    this.#word.forEach((byte, at) => {
      this.#masks[byte] = (this.#masks[byte] as number) | (1 << at);
    });
    this.#rows = new Uint32Array(this.#slips + 1);
    this.#before = new Uint32Array(this.#slips + 1);
  }

  tierIn(bytes: Uint8Array, from: number, to: number): number {
    if (this.#slips > 0 && this.#withSlips(bytes, from, to)) return TIER.typo;
    return this.#scattered(bytes, from, to) ? TIER.scattered : TIER.none;
  }

  tierOf(text: string): number {
    const bytes = ENCODER.encode(text);
    return this.tierIn(bytes, 0, bytes.length);
  }

  /**
   * Whether the word is in there with few slips: Wu and Manber's automaton, one bit a letter and one row a slip,
   * with a step more for two letters that were exchanged.
   */
  #withSlips(bytes: Uint8Array, from: number, to: number): boolean {
    const rows = this.#rows;
    const older = this.#before; // the rows before the letter before
    const masks = this.#masks;
    const goal = 1 << (this.#word.length - 1);
    for (let row = 0; row < rows.length; row++) {
      rows[row] = (1 << row) - 1;
      older[row] = 0;
    }
    let lastMask = 0;
    for (let at = from; at < to; at++) {
      const mask = masks[FOLD[bytes[at] as number] as number] as number;
      let above = 0; // the row above, before and after this letter
      let aboveNow = 0;
      let aboveOlder = 0;
      for (let row = 0; row < rows.length; row++) {
        const was = rows[row] as number;
        let now = ((was << 1) | 1) & mask;
        if (row > 0) {
          now |= above | (above << 1) | (aboveNow << 1) | 1;
          if (at > from) now |= ((((aboveOlder << 1) | 1) & mask) << 1) & lastMask;
        }
        aboveOlder = older[row] as number;
        older[row] = was;
        above = was;
        aboveNow = now;
        rows[row] = now;
        if ((now & goal) !== 0) return true;
      }
      lastMask = mask;
    }
    return false;
  }

  /** Whether the letters come in order, each run of them at the beginning of a part: `c4b1` in `conv4_block1`. */
  #scattered(bytes: Uint8Array, from: number, to: number): boolean {
    const word = this.#word;
    let taken = 0;
    let last = -2;
    for (let at = from; at < to && taken < word.length; at++) {
      if (FOLD[bytes[at] as number] !== word[taken]) continue;
      if (at !== last + 1 && !isBoundary(bytes, from, at)) continue;
      last = at;
      taken++;
    }
    return taken === word.length;
  }
}
