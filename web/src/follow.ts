/** What the server tells by itself: how far it has read, and that the file has changed. */
import type { Progress } from "./contract.ts";
import { make } from "./dom.ts";
import { iconButton } from "./icons.ts";
import type { DataSource } from "./data/source.ts";
import type { Layers } from "./layers.ts";
import { bytes } from "./words.ts";

const SILENT = 1; // s of reading about which nothing is said

/** Says how the reading goes until the model is there, and shows it anew whenever its file was read again. */
export function follow(source: DataSource, layers: Layers, host: HTMLElement, say: (words: string) => void): void {
  let command = "";
  source.live?.listen((event) => {
    if (event.kind === "progress") {
      command = event.progress.command;
    }
    if (event.kind === "ended") {
      tellEnd(host, command);
    } else if (event.kind === "changed") {
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

/** Say, until it is closed, that nobody answers any more, and what would start the server again. */
function tellEnd(host: HTMLElement, command: string): void {
  const again = command === "" ? [". Start it again as before."] : [
    ". Start it again with ", make("code", { text: command }),
    iconButton("copy", "Copy the command", () => void navigator.clipboard?.writeText(command).catch(() => undefined)),
  ];
  const bar = make("div", { class: "ended", set: { role: "alert" } }, [
    make("p", {}, [make("strong", { text: "cutaway view has ended" }), ...again]),
    make("p", { class: "ended-note", text: "What has arrived can still be looked at, searched and coloured; weights, focus and saved views need the server." }),
    iconButton("close", "Close", () => bar.remove()),
  ]);
  host.append(bar);
}

function wordsOf({ state, name, bytes: size, seconds }: Progress): string {
  const doing = state === "arranging" ? "Arranging" : state === "running" ? "Running" : "Reading";
  return `${doing} ${name}${size > 0 ? ` (${bytes(size)})` : ""} … ${Math.round(seconds)} s`;
}
