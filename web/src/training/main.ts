/** Starts the page of the training view: wires, no logic. */
import { fontBytes, loadFonts } from "../paint/fonts.ts";
import { App } from "./app.ts";
import { layOut } from "./page.ts";

async function start(host: HTMLElement): Promise<void> {
  const app = new App(location.href);
  const page = layOut(app, host);
  void loadFonts(document.fonts, fontBytes()).then(() => app.set({}));
  try {
    await app.begin();
    document.documentElement.dataset["cutaway"] = "drawn";
  } catch (error) {
    page.say((error as Error).message);
    document.documentElement.dataset["cutaway"] = "failed";
  }
}

const host = document.getElementById("cutaway");
if (host !== null) void start(host);
