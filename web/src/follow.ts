/** What the server tells by itself: how far it has read, and that the file has changed. */
import type { Progress } from "./contract.ts";
import type { DataSource } from "./data/source.ts";
import type { Layers } from "./layers.ts";
import { bytes } from "./words.ts";

const SILENT = 1; // s of reading about which nothing is said

/** Says how the reading goes until the model is there, and shows it anew whenever its file was read again. */
export function follow(source: DataSource, layers: Layers, say: (words: string) => void): void {
  source.live?.listen((event) => {
    if (event.kind === "changed") {
      void renew(source, layers);
    } else if (event.progress.state === "failed" && layers.depth > 0) {
      lost(layers, event.progress.error);
    } else if (layers.depth === 0 && event.progress.seconds > SILENT) {
      say(wordsOf(event.progress));
    }
  });
}

async function renew(source: DataSource, layers: Layers): Promise<void> {
  try {
    const answer = await source.head();
    if (layers.depth > 0) {
      layers.replace(answer);
    }
  } catch (error) {
    lost(layers, (error as Error).message);
  }
}

function lost(layers: Layers, why: string): void {
  layers.top?.state.send({ kind: "notice", text: `The file has changed, but cannot be read: ${why}` });
}

function wordsOf({ state, name, bytes: size, seconds }: Progress): string {
  const doing = state === "arranging" ? "Arranging" : state === "running" ? "Running" : "Reading";
  return `${doing} ${name}${size > 0 ? ` (${bytes(size)})` : ""} … ${Math.round(seconds)} s`;
}
