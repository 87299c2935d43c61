/** The theme's colours for canvases, which know no variables of style sheets. */
import type { Ink } from "./plot.ts";

let known: { readonly key: string; readonly ink: Ink } | undefined;

export function inkOf(element: Element): Ink {
  const root = element.closest("#cutaway") ?? element;
  const key = root.getAttribute("data-theme") ?? "";
  if (known === undefined || known.key !== key) {
    const style = getComputedStyle(root);
    const of = (name: string): string => style.getPropertyValue(name).trim();
    known = { key, ink: { title: of("--title"), muted: of("--muted"), line: of("--line"), paper: of("--paper") } };
  }
  return known.ink;
}
