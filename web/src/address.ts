/** Keeps the address of the page and what it shows in step. */
import type { Explorer } from "./explorer.ts";
import { cameraOf, linkText, parseLink } from "./permalink.ts";

export async function keepAddress(explorer: Explorer): Promise<void> {
  if (explorer.layers.depth > 1) {
    return; // the address is that of the whole model
  }
  const { state, eye, names } = explorer;
  let written = location.hash;

  const write = (): void => {
    const { camera, viewport } = eye;
    const { selection, theme, colouredBy, wide, beside } = state.now;
    const group = camera.anchor === 0 ? "" : (names.idOf(~camera.anchor) ?? "");
    const text = linkText({
      ...(explorer.showsAll() ? {} : { at: { group, x: camera.x, y: camera.y, width: viewport.width / camera.k } }),
      ...(selection === undefined ? {} : { selected: names.idAt(selection) ?? "" }),
      ...(theme === "auto" ? {} : { theme }),
      ...(colouredBy === "" ? {} : { colour: colouredBy }),
      ...(wide ? { wide } : {}),
      ...(beside ? { beside } : {}),
    });
    written = text === "" ? "" : `#${text}`;
    if (written !== location.hash && location.protocol !== "about:") { // a frame of a notebook has no address
      history.replaceState(null, "", `${location.pathname}${location.search}${written}`);
    }
  };

  const read = async (): Promise<void> => {
    const link = parseLink(location.hash);
    if (link.theme !== undefined) {
      state.send({ kind: "theme", theme: link.theme });
    }
    if (link.colour !== undefined) {
      state.send({ kind: "colour", colouring: undefined, by: link.colour });
    }
    if (link.wide !== undefined) {
      state.send({ kind: "wide", wide: link.wide });
    }
    if (link.selected !== undefined) {
      const item = await itemOf(link.selected);
      const place = item === undefined ? undefined : await explorer.locate(item);
      state.send({ kind: "select", place });
      explorer.resized(); // a panel has opened beside the drawing
      if (place !== undefined && link.at === undefined) {
        eye.jump(explorer.viewOf(place));
      }
    }
    if (link.at !== undefined) {
      const item = link.at.group === "" ? ~0 : await itemOf(link.at.group);
      if (item !== undefined && item < 0) {
        await explorer.locate(item);
        await explorer.fetcher.need([~item]);
        eye.jump(cameraOf(link.at, ~item, eye.viewport));
      }
    }
    // last, so that both sides open at what is selected
    state.send({ kind: "beside", beside: link.beside === true && explorer.head.compare !== undefined });
  };

  const itemOf = async (id: string): Promise<number | undefined> =>
    names.loadedById(id) ?? names.byId(id, await explorer.columns());

  window.addEventListener("hashchange", () => {
    if (location.hash !== written) {
      void read();
    }
  }, { signal: explorer.ended });
  if (location.hash.length > 1) {
    await read();
  }
  explorer.onRest(write);
  state.listen((now, before) => {
    if ((["selection", "theme", "colouredBy", "wide", "beside"] as const).some((name) => now[name] !== before[name])) {
      write();
    }
  });
}
