/** Data inside the page itself: the one-file HTML, which asks nobody for anything. */
import type { Figures, Findings, Head, Slice } from "../contract.ts";
import { NOTHING_FOUND } from "../findings.ts";
import { DataError } from "./source.ts";
import type { DataSource } from "./source.ts";

/** Ids of the elements that hold data; those of a chart after the first end with its number. */
const IDS = { head: "chart", parts: "parts", columns: "columns", attributes: "attributes", findings: "findings", figures: "figures" };
const COMPARISON = "comparison";

/** The source inside the page; undefined where the page has none. */
export function embeddedSource(page: Document): DataSource | undefined {
  return page.getElementById(IDS.head) === null ? undefined : sourceOf(page, 0, new Map());
}

function sourceOf(page: Document, chart: number, known: Map<number, DataSource>): DataSource {
  const there = known.get(chart);
  if (there !== undefined) {
    return there;
  }
  const idOf = (name: keyof typeof IDS): string => (chart > 0 ? `${IDS[name]}-${chart}` : IDS[name]);
  let given = false;
  let charts: Promise<Figures> | undefined;
  const source: DataSource = {
    async head() {
      const text = await textOf(page, idOf("head"));
      return { head: JSON.parse(text) as Head, text };
    },
    async parts() {
      if (given || page.getElementById(idOf("parts")) === null) {
        return { slice: { sheets: {}, looks: {}, parts: {} }, text: '{"sheets":{},"looks":{},"parts":{}}' };
      }
      given = true;
      const text = await textOf(page, idOf("parts")); // all that there are, at once
      return { slice: JSON.parse(text) as Slice, text };
    },
    columns: () => unpacked(page, idOf("columns")),
    attributes: () => unpacked(page, idOf("attributes")),
    async findings() {
      const id = idOf("findings");
      return page.getElementById(id) === null ? NOTHING_FOUND : (JSON.parse(await textOf(page, id)) as Findings);
    },
    async figure(name, group) {
      const { group_of, figures } = await (charts ??= textOf(page, idOf("figures")).then((text) => JSON.parse(text) as Figures));
      const found = figures[name]?.[group_of[group] ?? 0];
      if (found === undefined) {
        throw new DataError("This page holds no charts: the model is too large for them.", "absent");
      }
      return found;
    },
    comparison: () => unpacked(page, COMPARISON),
    of: (number) => sourceOf(page, number, known),
    live: undefined,
  };
  known.set(chart, source);
  return source;
}

async function textOf(page: Document, id: string): Promise<string> {
  return new TextDecoder().decode(await unpacked(page, id));
}

/** The bytes of an element: gzip in base64. */
async function unpacked(page: Document, id: string): Promise<ArrayBuffer> {
  const packed = page.getElementById(id)?.textContent;
  if (packed === null || packed === undefined) {
    throw new DataError("This page does not hold that part of the model.", "absent");
  }
  const bytes = Uint8Array.from(atob(packed.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
