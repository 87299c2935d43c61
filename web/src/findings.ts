/** What the checks say about the model, as the page uses it: counts, badges, and what is said of one node or group. */
import type { Columns } from "./columns.ts";
import type { Finding, Findings } from "./contract.ts";
import { HELD } from "./paint/badge.ts";
import type { Badges } from "./paint/badge.ts";

export type Severity = Finding["severity"];

export const SEVERITIES = [
  { one: "error", many: "errors" }, { one: "warning", many: "warnings" }, { one: "info", many: "infos" },
] as const;

const ROW = 4; // numbers for each marked node or group

/** No findings: what a page has that was made without. */
export const NOTHING_FOUND: Findings = {
  checks: {}, findings: [], marks: [], hidden: 0, unchecked: "This page was made without the checks.",
};

/** How many findings there are of each severity, listed or not. */
export function countsOf({ findings, hidden }: Findings): readonly [number, number, number] {
  const counts: [number, number, number] = [0, 0, 0];
  for (const { severity } of findings) {
    counts[severity]++;
  }
  counts[2] += hidden; // the list is cut at its end, where the least grave are
  return counts;
}

/** "2 warnings, 53 infos"; an empty text for none. */
export function countWords(counts: readonly number[]): string {
  const words = counts.map((count, at) => {
    const { one, many } = SEVERITIES[at] as (typeof SEVERITIES)[number];
    return count === 0 ? "" : `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
  });
  return words.filter(Boolean).join(", ");
}

/** Rows of marks for findings that the page itself places: at each one's first place, and at all groups around it. */
export function marksOf({ nodeGroup, groupParents }: Pick<Columns, "nodeGroup" | "groupParents">, findings: readonly Finding[]): number[] {
  const counts = new Map<number, [number, number, number]>();
  const add = (item: number, severity: Finding["severity"]): void => {
    const row = counts.get(item) ?? [0, 0, 0];
    row[severity]++;
    counts.set(item, row);
  };
  for (const { at, severity } of findings) {
    const [item] = at;
    if (item !== undefined) {
      add(item, severity);
      let group = (item >= 0 ? nodeGroup[item] : groupParents[~item]) ?? -1;
      for (; group > 0; group = groupParents[group] ?? -1) {
        add(~group, severity);
      }
    }
  }
  return [...counts].flatMap(([item, row]) => [item, ...row]);
}

/** Badges for the severities that are wanted. */
export function badgesOf({ marks, findings }: Pick<Findings, "marks" | "findings">, wanted: ReadonlySet<number>): Badges {
  const own = new Set(findings.filter(({ severity }) => wanted.has(severity)).map(({ at }) => at[0]));
  const badges = new Map<number, number>();
  for (let row = 0; row < marks.length; row += ROW) {
    const worst = [0, 1, 2].find((severity) => wanted.has(severity) && (marks[row + 1 + severity] ?? 0) > 0);
    const item = marks[row] as number;
    if (worst !== undefined) {
      badges.set(item, item >= 0 || own.has(item) ? worst : worst + HELD);
    }
  }
  return badges;
}

/** What is said of a node or ~group: the findings that name it, and how many lie further in. */
export function about({ findings, marks }: Findings, item: number): { readonly own: readonly Finding[]; readonly inside: string } {
  const own = findings.filter(({ at }) => at.includes(item));
  let inside = "";
  for (let row = 0; row < marks.length && item < 0; row += ROW) {
    if (marks[row] === item) {
      const here = [0, 1, 2].map((severity) => own.filter((one) => one.severity === severity && one.at[0] === item).length);
      inside = countWords(here.map((count, at) => (marks[row + 1 + at] as number) - count));
    }
  }
  return { own, inside };
}
