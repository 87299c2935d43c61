/** The model in a line at the top, and what could not be read of it. */
import type { Desk } from "../desk.ts";
import { make } from "../dom.ts";
import { compareWords } from "../compare/words.ts";
import { bytes, short, whole } from "../words.ts";

export function model(desk: Desk): void {
  const { model: facts, postponed } = desk.head;
  const words = desk.head.compare !== undefined ? compareWords(desk.head.compare) : [
    `${whole(facts.nodes)} ${facts.nodes === 1 ? "node" : "nodes"}`,
    ...(facts.parameters ? [`${short(facts.parameters)} parameters`, bytes(facts.weight_bytes ?? 0)] : []),
    facts.producer || facts.format,
  ];
  desk.slots.tools.before(make("p", { class: "model-facts", text: words.join(" · "), title: words.join(" · ") }));
  const notes = [...facts.warnings];
  if (postponed > 0) {
    notes.push(`${whole(postponed)} inner groups are laid out when you come near them, as so much in this model differs.`);
  }
  if (desk.source.live === undefined) {
    notes.push("This page works by itself, from this one file. Values of weights, a part laid out anew, and views saved as SVG or PDF need cutaway: cutaway view MODEL.");
  }
  if (notes.length === 0) {
    return;
  }
  const list = make("ul", {}, notes.map((text) => make("li", { text })));
  const count = notes.length === 1 ? "1 note" : `${notes.length} notes`;
  const details = make("details", { class: "notes" }, [
    make("summary", { text: count, title: "What is to be known about this model" }), list,
  ]);
  desk.slots.tools.before(details);
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !details.contains(event.target)) {
      details.open = false;
    }
  });
}
