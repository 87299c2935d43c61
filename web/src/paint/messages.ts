/** What the page and its painting worker say to each other. */
import type { Book, Shot } from "./painter.ts";
import type { Captions, Dressing } from "./dressing.ts";
import type { Widths } from "./widths.ts";

/** Which picture: of the screen, of a wide land around it with less detail, or of the whole model in the corner. */
export type Layer = "sharp" | "wide" | "map";

export type ToPainter =
  | { readonly kind: "start"; readonly book: Book; readonly dressing: Dressing; readonly fonts: readonly ArrayBuffer[] }
  /** A slice of the chart as it came, as text. */
  | { readonly kind: "merge"; readonly slice: string }
  | { readonly kind: "dress"; readonly dressing: Dressing }
  | { readonly kind: "caption"; readonly captions: ReadonlyMap<number, Captions> }
  | { readonly kind: "widen"; readonly widths: Widths | undefined }
  | { readonly kind: "paint"; readonly layer: Layer; readonly shot: Shot; readonly version: number };

export interface FromPainter {
  readonly kind: "painted";
  readonly layer: Layer;
  readonly shot: Shot;
  readonly version: number;
  readonly bitmap: ImageBitmap;
  readonly missing: readonly number[];
  readonly milliseconds: number;
}
