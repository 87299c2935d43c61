/** Data inside the page itself: the one-file HTML, which asks nobody for anything. */
import type { Figures, Findings, Head, Slice } from "../contract.ts";
import { NOTHING_FOUND } from "../findings.ts";
import { DataError } from "./source.ts";
import type { DataSource } from "./source.ts";

const IDS = { head: "chart", parts: "parts", columns: "columns", attributes: "attributes", findings: "findings", figures: "figures" };

/** The source inside the page; undefined where the page has none. */
export function embeddedSource(page: Document): DataSource | undefined {
  if (page.getElementById(IDS.head) === null) {
    return undefined;
  }
  let given = false;
  let charts: Promise<Figures> | undefined;
  const source: DataSource = {
    async head() {
      const text = await textOf(page, IDS.head);
      return { head: JSON.parse(text) as Head, text };
    },
    async parts() {
      if (given || page.getElementById(IDS.parts) === null) {
        return { slice: { sheets: {}, looks: {}, parts: {} }, text: '{"sheets":{},"looks":{},"parts":{}}' };
      }
      given = true;
      const text = await textOf(page, IDS.parts); // all that there are, at once
      return { slice: JSON.parse(text) as Slice, text };
    },
    columns: () => unpacked(page, IDS.columns),
    attributes: () => unpacked(page, IDS.attributes),
    async findings() {
      return page.getElementById(IDS.findings) === null ? NOTHING_FOUND : (JSON.parse(await textOf(page, IDS.findings)) as Findings);
    },
    async figure(name, group) {
      const { group_of, figures } = await (charts ??= textOf(page, IDS.figures).then((text) => JSON.parse(text) as Figures));
      const found = figures[name]?.[group_of[group] ?? 0];
      if (found === undefined) {
        throw new DataError("This page holds no charts: the model is too large for them.", "absent");
      }
      return found;
    },
    of: () => source,
    live: undefined,
  };
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
