/** Starts the page: wires, no logic. */
import { fontBytes, loadFonts } from "./paint/fonts.ts";
import { bridgedSource } from "./data/bridged.ts";
import { embeddedSource } from "./data/embedded.ts";
import { servedSource } from "./data/served.ts";
import { DataError } from "./data/source.ts";
import { Layers } from "./layers.ts";
import { follow } from "./follow.ts";
import { makeStage } from "./stage.ts";

async function start(host: HTMLElement): Promise<void> {
  const source = embeddedSource(document) ?? bridgedSource(document) ?? servedSource(location.href);
  const stage = makeStage(host);
  const layers = new Layers(host, source);
  follow(source, layers, host, (words) => stage.say(words));
  try {
    const [answer] = await Promise.all([source.head(), loadFonts(document.fonts, fontBytes())]);
    layers.enter(answer, stage);
  } catch (error) {
    stage.say(error instanceof DataError || error instanceof Error ? error.message : String(error));
    document.documentElement.dataset["cutaway"] = "failed";
    throw error;
  }
}

const host = document.getElementById("cutaway");
if (host !== null) {
  void start(host);
}
