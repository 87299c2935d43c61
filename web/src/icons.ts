/** Small pictures for buttons, drawn with lines on a grid of 16 px. */

const SPACE = "http://www.w3.org/2000/svg";

const PATHS = {
  outline: "M2 3.5h4M5 8h4M5 12.5h4M3 3.5v9M3 8h2M3 12.5h2M11 8h3M11 12.5h3M8 3.5h6",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4M5.5 5.5h5v5h-5z",
  closer: "M8 3v10M3 8h10",
  further: "M3 8h10",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  help: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.6v.4",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
  go: "M3 8h9M8.5 4.5L12 8l-3.5 3.5",
  play: "M5 3.2v9.6l7.5-4.8z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
  colours: "M8 2.5c2.4 3 4 5 4 7a4 4 0 0 1-8 0c0-2 1.6-4 4-7zM8 13.5a4 4 0 0 0 0-8.5",
  figures: "M2.5 2.5h11v11h-11zM8.5 2.5v11M2.5 8.5h6M8.5 6h5",
  table: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 3v10",
  weights: "M2.5 13.5v-4M5.3 13.5v-8M8 13.5v-11M10.7 13.5v-7M13.5 13.5v-3",
  inside: "M8 2.5l5.5 2.8v5.4L8 13.5l-5.5-2.8V5.3zM2.5 5.3L8 8l5.5-2.7M8 8v5.5",
  save: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  findings: "M4 14V2.5h8.5l-2.2 3 2.2 3H4",
  changes: "M5 2.5v11M2.5 11L5 13.5 7.5 11M11 13.5v-11M8.5 5L11 2.5 13.5 5",
  link: "M6.5 9.5l3-3M7 5l1.5-1.5a2.5 2.5 0 0 1 4 4L11 9M9 11l-1.5 1.5a2.5 2.5 0 0 1-4-4L5 7",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const BADGES = [
  ["M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"],
  ["M8 1.8L15 14.2H1z", "M8 6.2v4M8 12.2v.1"],
  ["M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z", "M8 7.4v3.8M8 4.8v.1"],
] as const;

/** The badge of a severity, as in the drawing: 0 error, 1 warning, 2 info. */
export function badgeIcon(severity: number): SVGSVGElement {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `badge severity-${severity}`);
  svg.setAttribute("aria-hidden", "true");
  for (const d of BADGES[severity] ?? BADGES[2]) {
    const path = document.createElementNS(SPACE, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** A button that shows an icon; `label` is its tip and what a screen reader says. */
export function iconButton(name: IconName, label: string, run: () => void, key = ""): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.title = key === "" ? label : `${label} (${key})`;
  made.setAttribute("aria-label", label);
  if (key !== "") {
    made.setAttribute("aria-keyshortcuts", key);
  }
  made.append(icon(name));
  made.addEventListener("click", run);
  return made;
}
