/** Starts the page: wires, no logic. */
import { fontBytes, loadFonts } from "./paint/fonts.ts";
import { bridgedSource } from "./data/bridged.ts";
import { embeddedSource } from "./data/embedded.ts";
import { servedSource } from "./data/served.ts";
import { DataError } from "./data/source.ts";
import { Explorer } from "./explorer.ts";
import { makeStage } from "./stage.ts";
import { PANELS } from "./panels/all.ts";
import { Store } from "./scene/store.ts";
import { connect } from "./connect.ts";
import { publish } from "./api.ts";

async function start(host: HTMLElement): Promise<void> {
  const source = embeddedSource(document) ?? bridgedSource(document) ?? servedSource(location.href);
  const stage = makeStage(host);
  try {
    const [{ head, text }] = await Promise.all([source.head(), loadFonts(document.fonts, fontBytes())]);
    const store = new Store();
    store.merge(head);
    const explorer = new Explorer(head, source, store, stage);
    connect(explorer);
    explorer.surface.paintNow(explorer.eye.camera);
    publish(explorer);
    document.documentElement.dataset["cutaway"] = "drawn";
    explorer.surface.start([text]);
    for (const panel of PANELS) {
      panel(explorer);
    }
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
