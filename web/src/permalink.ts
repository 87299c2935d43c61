/**
 * Permalinks: the part of the address after # keeps the camera, what is selected, the theme, the
 * colouring, and whether two models stand side by side.
 *
 * Groups and nodes are named by their ids, which stay the same when the model is read again, and widths are told in px
 * of the inside, so that a link shows the same on a screen of another size.
 */
import type { Camera, Viewport } from "./camera/camera.ts";

export interface Link {
  /** Id of the group in which the camera is anchored, what lies in the middle of the screen, and the width shown. */
  readonly at?: { readonly group: string; readonly x: number; readonly y: number; readonly width: number };
  readonly selected?: string;
  readonly theme?: "light" | "dark";
  readonly colour?: string;
  /** Whether wires are as wide as their tensors are large. */
  readonly wide?: boolean;
  /** Whether two models that are compared stand side by side. */
  readonly beside?: boolean;
}

const DIGITS = 6;

export function linkText(link: Link): string {
  const parts = new URLSearchParams();
  if (link.at !== undefined) {
    const { group, x, y, width } = link.at;
    parts.set("at", [x, y, width].map((value) => String(Number(value.toPrecision(DIGITS)))).join(","));
    if (group !== "") {
      parts.set("in", group);
    }
  }
  if (link.selected !== undefined) {
    parts.set("select", link.selected);
  }
  if (link.theme !== undefined) {
    parts.set("theme", link.theme);
  }
  if (link.colour) {
    parts.set("colour", link.colour);
  }
  if (link.wide) {
    parts.set("wires", "size");
  }
  if (link.beside) {
    parts.set("models", "beside");
  }
  return parts.toString();
}

/** Read a link; whatever in it makes no sense is left out. */
export function parseLink(text: string): Link {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const [x, y, width] = (parts.get("at") ?? "").split(",").map(Number);
  const theme = parts.get("theme");
  const sound = [x, y, width].every((value) => value !== undefined && Number.isFinite(value)) && (width ?? 0) > 0;
  return {
    ...(sound && parts.has("at") ? { at: { group: parts.get("in") ?? "", x: x ?? 0, y: y ?? 0, width: width ?? 1 } } : {}),
    ...(parts.get("select") ? { selected: parts.get("select") as string } : {}),
    ...(theme === "light" || theme === "dark" ? { theme } : {}),
    ...(parts.get("colour") ? { colour: parts.get("colour") as string } : {}),
    ...(parts.get("wires") === "size" ? { wide: true } : {}),
    ...(parts.get("models") === "beside" ? { beside: true } : {}),
  };
}

/** The width of a view is kept, and not its magnification. */
export function cameraOf(at: NonNullable<Link["at"]>, anchor: number, viewport: Viewport): Camera {
  return { anchor, x: at.x, y: at.y, k: viewport.width / at.width };
}
