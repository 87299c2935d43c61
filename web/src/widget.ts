/**
 * The explorer in a notebook: carries the questions of the page in its frame to the kernel, and the answers back.
 * Until a kernel answers, the frame shows what it has: the page with its data inside, or a picture.
 */
import type { BridgeAnswer, BridgeQuestion } from "./data/bridged.ts";

/** What anywidget hands in, as far as it is used here. */
interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: "msg:custom", heard: (content: Said, buffers: DataView[]) => void): void;
  off(event: "msg:custom", heard: (content: Said, buffers: DataView[]) => void): void;
}

interface Said {
  readonly kind: "page" | "answer";
  readonly id: number;
  readonly status: number;
}

const SANDBOX = "allow-scripts allow-downloads";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const there = document.getElementById(String(model.get("frame")));
  const found = there instanceof HTMLIFrameElement ? there : undefined;
  const picture = found === undefined ? pictureOf(String(model.get("picture"))) : undefined;
  const frame = found ?? document.createElement("iframe");
  if (picture !== undefined) {
    el.append(picture);
  }

  const heard = (said: Said, buffers: DataView[]): void => {
    const bytes = bytesOf(buffers[0]);
    if (said.kind === "answer") {
      const answer: BridgeAnswer = { cutaway: "answer", id: said.id, status: said.status, bytes };
      frame.contentWindow?.postMessage(answer, "*", [bytes]); // a sandboxed page has no address to name
      return;
    }
    frame.srcdoc = new TextDecoder().decode(bytes);
    if (found === undefined && !frame.isConnected) {
      frame.setAttribute("sandbox", SANDBOX);
      frame.title = "The model";
      Object.assign(frame.style, { width: "100%", height: `${Number(model.get("height"))}px`, border: "0" });
      el.replaceChildren(frame);
    }
  };
  const asked = (event: MessageEvent<Partial<BridgeQuestion> | null>): void => {
    const question = event.data;
    if (frame.contentWindow !== null && event.source === frame.contentWindow && question?.cutaway === "ask") {
      const { id, path, query, body } = question;
      model.send({ kind: "ask", id, path, query, body });
    }
  };
  model.on("msg:custom", heard);
  window.addEventListener("message", asked);
  model.send({ kind: "page" });
  return () => {
    model.off("msg:custom", heard);
    window.removeEventListener("message", asked);
  };
}

/** A copy of its own, which can be handed on. */
function bytesOf(view: DataView | undefined): ArrayBuffer {
  const bytes = new Uint8Array(view?.byteLength ?? 0);
  if (view !== undefined) {
    bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }
  return bytes.buffer;
}

function pictureOf(svg: string): HTMLImageElement | undefined {
  if (svg === "") {
    return undefined;
  }
  const image = document.createElement("img");
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  image.alt = "The model";
  image.style.maxWidth = "100%";
  return image;
}

export default { render };
