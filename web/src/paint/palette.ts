/** Colours of one theme, ready for the canvas. */
import type { Theme } from "../contract.ts";

export interface BoxColours {
  readonly fill: string;
  readonly stroke: string;
  /** For boxes too small for a border. */
  readonly small: string;
  /** Fill of an opened layer of the family. */
  readonly tint: string;
}

export interface Palette {
  readonly background: string;
  readonly families: readonly BoxColours[];
  readonly group: BoxColours;
  readonly solid: string;
  readonly wire: string;
  readonly text: string;
  readonly name: string;
  readonly title: string;
  readonly count: string;
  readonly highlight: string;
}

const WHITE = "#ffffff";
const SMALL_SHARE = 0.4;
const SOLID_SHARE = 0.2;
const OWN_TINT = 0.22;

/** `share` of the second colour in the first, both "#rrggbb". */
export function mix(colour: string, other: string, share: number): string {
  const a = Number.parseInt(colour.slice(1), 16);
  const b = Number.parseInt(other.slice(1), 16);
  let found = 0;
  for (const shift of [16, 8, 0]) {
    const from = (a >> shift) & 255;
    found |= Math.round(from + (((b >> shift) & 255) - from) * share) << shift;
  }
  return "#" + found.toString(16).padStart(6, "0");
}

/** Relative luminance after WCAG 2. */
export function luminance(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const [r, g, b] = [16, 8, 0].map((shift) => {
    const share = ((value >> shift) & 255) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever can be read better on a colour. */
export function readableOn(colour: string): string {
  return luminance(colour) > 0.179 ? "#0f172a" : "#ffffff";
}

/** The colours of a theme; `tint` is the share of a family's colour in an opened layer. */
export function paletteOf(theme: Theme, families: readonly string[], tint: number): Palette {
  const group = boxColours(theme.group_fill, theme.group_stroke, theme.group_fill);
  return {
    background: theme.background ?? WHITE,
    families: families.map((name) => {
      const [fill, stroke] = theme.families[name] ?? [theme.group_fill, theme.group_stroke];
      return boxColours(fill, stroke, mix(theme.group_fill, fill, tint));
    }),
    group,
    solid: mix(theme.group_fill, theme.group_stroke, SOLID_SHARE),
    wire: theme.wire,
    text: theme.text,
    name: theme.name_text,
    title: theme.title,
    count: theme.count,
    highlight: theme.highlight,
  };
}

/** Colours of a box that the user coloured; an opened group has a light tint of it, so that its inside stands out. */
export function ownColours(fill: string, group: BoxColours): BoxColours {
  return { fill, stroke: mix(fill, group.stroke, 0.6), small: fill, tint: mix(group.fill, fill, OWN_TINT) };
}

function boxColours(fill: string, stroke: string, tint: string): BoxColours {
  return { fill, stroke, small: mix(fill, stroke, SMALL_SHARE), tint };
}
