/** How wide wires are that show the size of their tensors: levels of equal steps of the logarithm. */

/** By group: the level of each wire of its sheet, and of each of its leads, entering ones first. */
export interface WireLevels {
  readonly wires: Uint8Array;
  readonly leads: Uint8Array;
}

export type Widths = ReadonlyMap<number, WireLevels>;

/** Width of a wire of each level, in those of an ordinary wire. */
export const WEIGHTS = [0.6, 0.95, 1.5, 2.2, 3.2, 4.5] as const;

/** Elements of the smallest and of the largest tensor. */
export interface WireScale {
  readonly low: number;
  readonly high: number;
}

/** The level of a tensor; one of unknown size has the lowest. */
export function levelOf({ low, high }: WireScale, size: number): number {
  if (!(size > low) || high <= low) {
    return 0;
  }
  const share = Math.log(size / low) / Math.log(high / low);
  return Math.min(WEIGHTS.length - 1, Math.floor(share * WEIGHTS.length));
}

/** The smallest size of each level. */
export function levelsFrom({ low, high }: WireScale): number[] {
  return WEIGHTS.map((_, level) => low * (high / low) ** (level / WEIGHTS.length));
}
