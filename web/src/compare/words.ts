/** Changes as people read them. */
import type { Change, ChangeDetail, ChangedUnit, Compare } from "../contract.ts";
import type { Sums } from "./compared.ts";
import { bytes, shapeText, short, whole } from "../words.ts";

const LONGEST = 60; // letters of a value in a line

/** Kinds of changes, in the order of the list: the names are those of the counts. */
export const KINDS = ["added", "removed", "changed", "fused", "moved"] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds of a change, whose bits are the codes of states. */
export function kindsOf(bits: number, states: readonly string[]): Kind[] {
  return KINDS.filter((kind) => bits & (1 << states.indexOf(kind)));
}

/** The state that a change is drawn with: the one that weighs most. */
export function mainKind(bits: number, states: readonly string[]): Kind {
  const found = kindsOf(bits, states);
  return (["fused", "changed", "added", "removed", "moved"] as const).find((kind) => found.includes(kind)) ?? "changed";
}

/** What a unit is called: where a converter joined the names of several, the one of the layer that it was. */
export function titleOf(change: Change): string {
  const { old, new: fresh } = change;
  const joined = old !== undefined && fresh?.name.split(" + ").includes(old.name);
  return (joined ? old : (fresh ?? old))?.name ?? "";
}

/** The class of a unit, or both where a converter or a person made it another. */
export function opsOf({ old, new: fresh }: Change): string {
  const [one, other] = [old?.op ?? fresh?.op ?? "", fresh?.op ?? old?.op ?? ""];
  return one === other ? one : `${one} → ${other}`;
}

/** What changed, in one line. */
export function summary(change: Change): string {
  const { old, new: fresh } = change;
  if (old === undefined || fresh === undefined) {
    const unit = old ?? fresh;
    return unit === undefined ? "" : costWords(unit).join(" · ");
  }
  const words: string[] = [];
  if (change.renamed) {
    words.push(`was ${old.name}`);
  }
  if (change.moved) {
    words.push(`was in ${old.group || "the model itself"}`);
  }
  if (change.fused && change.fused.length > 0) {
    words.push(`with ${change.fused.map((unit) => unit.name).join(", ")}`);
  }
  for (const detail of [...(change.changes ?? [])].sort((a, b) => rank(a) - rank(b))) {
    const fresh = valueText(detail, detail.new);
    words.push(`${nameOf(detail)} ${detail.what === "values" ? "" : `${valueText(detail, detail.old)} → `}${fresh}`);
  }
  return words.join(" · ");
}

const RANKS = ["op", "attribute", "input", "trainable", "shape", "dtype", "weight", "values"];

function rank(detail: ChangeDetail): number {
  return RANKS.indexOf(detail.what);
}

function costWords(unit: ChangedUnit): string[] {
  return [
    ...(unit.parameters ? [`${short(unit.parameters)} parameters`] : []),
    ...(unit.macs ? [`${short(unit.macs)} MACs`] : []),
  ];
}

export function nameOf(detail: ChangeDetail): string {
  if (detail.what === "attribute") {
    return detail.name;
  }
  return detail.name === "" ? detail.what : `${detail.what} ${detail.name}`;
}

export function valueText(detail: ChangeDetail, value: unknown): string {
  if (value === null || value === undefined) {
    return "none";
  }
  if (detail.what === "shape" && Array.isArray(value)) {
    return shapeText(value as (number | null)[]);
  }
  if (detail.what === "values") {
    return gapText(value as ValueGap);
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

interface ValueGap {
  readonly max_abs_difference: number | null;
  readonly different: number;
  readonly of: number;
}

/** How far the values of two weights are apart. */
function gapText({ max_abs_difference: most, different, of }: ValueGap): string {
  const gap = most === null ? "not finite in one of them" : `up to ${Number(most.toPrecision(3))} apart`;
  return `${gap} (${short(different)} of ${short(of)})`;
}

/** Name, old, new, and the difference where there is one: what a table of a change shows. */
export type Line = readonly [name: string, old: string, fresh: string, difference: string];

/** All that is otherwise in a unit, as lines of a table. */
export function linesOf(change: Change): Line[] {
  const { old, new: fresh } = change;
  const lines: Line[] = [];
  if (old !== undefined && fresh !== undefined) {
    if (change.renamed) {
      lines.push(["name", old.name, fresh.name, ""]);
    }
    if (change.moved) {
      lines.push(["group", old.group ?? "", fresh.group ?? "", ""]);
    }
    for (const detail of change.changes ?? []) {
      const before = detail.what === "values" ? "" : valueText(detail, detail.old);
      lines.push([nameOf(detail), before, valueText(detail, detail.new), ""]);
    }
  }
  return [...lines, ...costLines(old, fresh)];
}

const COSTS = [["parameters", "parameters"], ["macs", "MACs"], ["flops", "FLOPs"], ["output_bytes", "output"]] as const;

function costLines(old: ChangedUnit | undefined, fresh: ChangedUnit | undefined): Line[] {
  const lines: Line[] = [];
  for (const [key, name] of COSTS) {
    const [here, there] = [old?.[key], fresh?.[key]];
    const same = here === there || (key === "flops" && old?.macs !== fresh?.macs);
    if (same && old !== undefined && fresh !== undefined) {
      continue;
    }
    if (!here && !there) {
      continue;
    }
    const told = key === "output_bytes" ? bytes : short;
    const words = (value: number | null | undefined, unit: ChangedUnit | undefined): string =>
      unit === undefined ? "" : value === null || value === undefined ? "unknown" : told(value);
    lines.push([name, words(here, old), words(there, fresh), percent(here, there)]);
  }
  return lines;
}

/** By how much a number grew. */
export function percent(here: number | null | undefined, there: number | null | undefined): string {
  if (typeof here !== "number" || typeof there !== "number" || here === there || here === 0) {
    return "";
  }
  const share = (there / here - 1) * 100;
  const digits = Math.abs(share) < 10 ? 1 : 0;
  return Math.abs(share) >= 1000 ? `× ${short(there / here)}` : `${share > 0 ? "+" : "−"}${Math.abs(share).toFixed(digits)} %`;
}

const TOTALS: Readonly<Record<string, string>> = {
  nodes: "nodes", parameters: "parameters", weight_bytes: "weights", macs: "MACs", flops: "FLOPs",
  activation_bytes: "activations",
};

/** The sums over both models, as lines of a table. */
export function totalLines(compare: Compare): Line[] {
  return sumLines(compare.totals);
}

/** Sums over both models, or over what lies in a group of each, as lines of a table. */
export function sumLines(sums: Sums): Line[] {
  return sums.map(([name, here, there]) => {
    const told = name.endsWith("bytes") ? bytes : name === "nodes" ? whole : short;
    return [TOTALS[name] ?? name, told(here), here === there ? "the same" : told(there), percent(here, there)];
  });
}

/** The most telling sums, old and new, for the line at the top. */
export function compareWords(compare: Compare): string[] {
  return totalLines(compare).filter(([name]) => ["nodes", "parameters", "MACs"].includes(name)).map(
    ([name, old, fresh]) => (fresh === "the same" ? `${old} ${name}` : `${old} → ${fresh} ${name}`),
  );
}
