/** What page and search worker say to each other. */

import type { Found } from "./engine.ts";

export type ToWorker =
  | { readonly kind: "columns"; readonly buffer: ArrayBufferLike }
  | { readonly kind: "attributes"; readonly buffer: ArrayBufferLike }
  | { readonly kind: "search"; readonly query: string };

export type FromWorker =
  | { readonly kind: "found"; readonly query: string; readonly found: Found; readonly milliseconds: number }
  | { readonly kind: "problem"; readonly query: string; readonly message: string; readonly at: number }
  | { readonly kind: "attributes needed"; readonly query: string };
