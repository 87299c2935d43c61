/** The panels of the page: one line each. */
import type { Panel } from "../desk.ts";

export const PANELS: readonly Panel[] = [];
