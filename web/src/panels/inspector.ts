/** All that is known about what is selected. */
import { Attributes } from "../columns.ts";
import { changeNodes, sumNodes } from "../compare/list.ts";
import { weightsPart } from "../compare/weights.ts";
import type { GroupDetails, NodeDetails, NodeInput, PathStep, WeightInfo } from "../contract.ts";
import { groupDetails, nodeDetails } from "../data/details.ts";
import { DataError } from "../data/source.ts";
import type { LiveSource } from "../data/source.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { about } from "../findings.ts";
import { iconButton } from "../icons.ts";
import { explained } from "./findings.ts";
import { bytes, shapeText, short, whole } from "../words.ts";

const MOST_ROWS = 200;

type Details = { readonly kind: "node"; readonly node: NodeDetails } | { readonly kind: "group"; readonly group: GroupDetails };

export function inspector(desk: Desk): void {
  const body = make("div", { class: "inspector-body" });
  const panel = make("section", { class: "panel inspector", set: { "aria-label": "Inspector" } }, [body]);
  desk.slots.right.append(panel);
  let wanted = 0;
  const show = async (): Promise<void> => {
    const place = desk.state.now.selection;
    const ticket = ++wanted;
    panel.hidden = place === undefined;
    if (place === undefined) {
      return;
    }
    clear(body);
    body.append(heading(desk, place.item, desk.nameOf(place.item), "", ""));
    try {
      const details = await detailsOf(desk, place.item);
      if (ticket === wanted) {
        clear(body);
        const [first, ...rest] = rows(desk, details);
        body.append(...(first === undefined ? [] : [first]), ...(await changesIn(desk, place.item)), ...rest);
        body.scrollTop = 0;
      }
    } catch (error) {
      if (ticket === wanted) {
        body.append(make("p", { class: "problem", text: error instanceof Error ? error.message : String(error) }));
      }
    }
  };
  desk.state.listen((now, before) => {
    if (now.selection !== before.selection || now.findings !== before.findings) {
      void show();
    }
  });
  panel.hidden = true;
}

/** What changed in it, where two models are compared. */
async function changesIn(desk: Desk, item: number): Promise<Node[]> {
  const compared = await desk.compared();
  const side = desk.head.compare?.side ?? "both";
  if (compared === undefined) {
    return [];
  }
  const row = compared.rowOf(side, item);
  const inside = side === "both" && item < 0 && (compared.states("both").groups[~item] ?? 0) > 0;
  const told = row !== undefined ? changeNodes(compared, row) : inside ? sumNodes(compared, ~item) : [];
  const changed = told.length === 0 ? [] : [make("section", { class: "part change" }, told)];
  return [...changed, ...weightsPart(desk, item)];
}

let knownAttributes: Promise<Attributes> | undefined;

/** What the server says; once it has ended, what the page knows by itself. */
async function detailsOf(desk: Desk, item: number): Promise<Details> {
  try {
    return await detailsFrom(desk, item, desk.source.live);
  } catch (error) {
    if (error instanceof DataError && error.kind === "gone" && desk.known !== undefined) {
      return detailsFrom(desk, item, undefined);
    }
    throw error;
  }
}

async function detailsFrom(desk: Desk, item: number, live: LiveSource | undefined): Promise<Details> {
  if (item >= 0) {
    if (live !== undefined) {
      return { kind: "node", node: await live.node(item) };
    }
    knownAttributes ??= desk.source.attributes().then((buffer) => new Attributes(buffer));
    const attributes = await knownAttributes.catch(() => undefined);
    return { kind: "node", node: nodeDetails(await desk.columns(), attributes, item, desk.head.model.format) };
  }
  if (live !== undefined) {
    return { kind: "group", group: await live.group(~item) };
  }
  return { kind: "group", group: groupDetails(await desk.columns(), ~item, desk.store.parts.get(~item), desk.head.model.format) };
}

function rows(desk: Desk, details: Details): Node[] {
  return details.kind === "node" ? nodeRows(desk, details.node) : groupRows(desk, details.group);
}

function heading(desk: Desk, item: number, name: string, what: string, python: string): HTMLElement {
  const copies = make("div", { class: "copies" });
  copies.append(iconButton("copy", "Copy the name", () => void copy(desk, desk.idOf(item) || name)));
  if (python !== "") {
    copies.append(make("button", {
      class: "button", text: "py", title: `Copy ${python}`, set: { type: "button", "aria-label": "Copy as Python" },
      on: { click: () => void copy(desk, python) },
    }));
  }
  const close = iconButton("close", "Close", () => desk.state.send({ kind: "select", place: undefined }), "Esc");
  copies.append(close);
  return make("header", { class: "inspector-head" }, [
    make("div", { class: "names" }, [make("h2", { text: name }), make("p", { class: "what", text: what })]),
    copies,
  ]);
}

/** Put a text where it can be pasted, and say whether that was allowed. */
async function copy(desk: Desk, text: string): Promise<void> {
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  desk.state.send({ kind: "notice", text: done === true ? `Copied: ${text}` : `This browser does not let the page copy: ${text}` });
}

function nodeRows(desk: Desk, node: NodeDetails): Node[] {
  return [
    heading(desk, node.index, node.name, node.op, node.python),
    pathRow(desk, node.path),
    numbers([
      ["Parameters", node.parameters, node.trainable_parameters < node.parameters && node.parameters > 0
        ? `${whole(node.parameters)} (${whole(node.trainable_parameters)} trained)` : whole(node.parameters)],
      ["Size of weights", node.weight_bytes, bytes(node.weight_bytes)],
      ...facts(node.facts),
    ]),
    ...findings(desk, node.index),
    section("Inputs", node.inputs.map((input) => tensorRow(desk, input))),
    section("Outputs", node.outputs.flatMap((output) => [
      make("p", { class: "tensor", text: `${shapeText(output.shape)}  ${output.dtype ?? ""}` }),
      ...output.readers.map((reader) => link(desk, reader.node, reader.name, "→ ")),
      ...(output.count > output.readers.length ? [more(output.count - output.readers.length)] : []),
    ])),
    section("Weights", node.weights.map((weight) => weightRow(desk, weight))),
    section("Attributes", [attributes(node.attributes)].filter((list) => list.childElementCount > 0)),
    foundBy(node.found_by),
  ];
}

function groupRows(desk: Desk, group: GroupDetails): Node[] {
  const what = [group.op, group.kind === "root" ? "model" : group.kind].filter(Boolean).join(" · ");
  return [
    heading(desk, ~group.index, group.name || desk.head.model.name, what, group.python),
    pathRow(desk, group.path),
    numbers([
      ["Layers or operations", group.nodes, whole(group.nodes)],
      ["Groups inside", group.groups, whole(group.groups)],
      ["Parameters", group.parameters, whole(group.parameters)],
      ["Size of weights", group.weight_bytes, bytes(group.weight_bytes)],
      ...facts(group.facts),
    ]),
    ...findings(desk, ~group.index),
    section("Inputs", group.inputs.map((input) => tensorRow(desk, input))),
    section("Outputs", group.outputs.map((output) => tensorRow(desk, output))),
    section("What is in it", [make("dl", { class: "pairs" }, group.ops.slice(0, MOST_ROWS).flatMap(([op, count]) => [
      make("dt", { text: op }), make("dd", { text: `×${whole(count)}` }),
    ]))].filter((list) => list.childElementCount > 0)),
    section("Groups with the same inside", group.equal.map((other) => link(desk, ~other.index, desk.idOf(~other.index) || other.name, ""))),
    section("Weights", group.weights.map((weight) => weightRow(desk, weight))),
    section("Attributes", [attributes(group.attributes)].filter((list) => list.childElementCount > 0)),
    foundBy(group.found_by),
  ];
}

function section(title: string, children: readonly Node[]): Node {
  if (children.length === 0) {
    return document.createDocumentFragment();
  }
  const shown = children.slice(0, MOST_ROWS);
  const rest = children.length - shown.length;
  return make("section", { class: "part" }, [make("h3", { text: title }), ...shown, ...(rest > 0 ? [more(rest)] : [])]);
}

function more(count: number): HTMLElement {
  return make("p", { class: "more", text: `and ${whole(count)} more` });
}

function pathRow(desk: Desk, path: readonly PathStep[]): Node {
  const steps = path.filter((step) => step.index > 0);
  return steps.length === 0 ? document.createDocumentFragment() : make("p", { class: "in-path" }, [
    "in ",
    ...steps.flatMap((step, at) => [...(at > 0 ? [" › "] : []), link(desk, ~step.index, step.name, "")]),
  ]);
}

/** A button that flies to a node or group. */
export function link(desk: Desk, item: number, name: string, before: string): HTMLButtonElement {
  const run = (): void => void desk.flyTo(item);
  return make("button", { class: "link", text: before + name, title: name, set: { type: "button" }, on: { click: run } });
}

function tensorRow(desk: Desk, input: NodeInput): HTMLElement {
  const port = input.port > 0 ? `:${input.port}` : "";
  const words = input.port < 0 ? "order only" : `${shapeText(input.shape)}  ${input.dtype ?? ""}`;
  return make("div", { class: "row-tensor" }, [
    link(desk, input.node, `${input.name}${port}`, input.label === "" ? "" : `${input.label}: `),
    make("span", { class: "tensor", text: words }),
  ]);
}

function openWeight(desk: Desk, code: number): void {
  desk.state.send({ kind: "weight", code });
  desk.state.send({ kind: "show", panel: "weights", shown: true });
}

function weightRow(desk: Desk, weight: WeightInfo): HTMLElement {
  const kind = weight.trainable ? "" : "  not trained";
  const row = make("div", { class: "row-weight", set: { "data-weight": String(weight.code) } }, [
    make("button", {
      class: "weight-name link", text: weight.name, title: `Values of ${weight.id}`, set: { type: "button" },
      on: { click: () => openWeight(desk, weight.code) },
    }),
    make("span", { class: "tensor", text: `${shapeText(weight.shape)}  ${weight.dtype}${kind}` }),
    make("span", { class: "tensor", text: `${short(weight.parameters)} · ${bytes(weight.bytes)}` }),
  ]);
  if (weight.sharedBy.length > 0) {
    row.append(make("p", { class: "shared" }, [
      "shared with ", ...weight.sharedBy.slice(0, 12).map((node) => link(desk, node.node, node.name, "")),
    ]));
  }
  return row;
}

function numbers(rows: readonly (readonly [string, number, string])[]): Node {
  const shown = rows.filter(([, value]) => value > 0);
  return make("dl", { class: "pairs" }, shown.flatMap(([name, , text]) => [make("dt", { text: name }), make("dd", { text })]));
}

const FACTS: Readonly<Record<string, string>> = { macs: "Multiply-adds", flops: "Operations (FLOPs)" };

function facts(values: Readonly<Record<string, number>>): (readonly [string, number, string])[] {
  return Object.entries(values).map(([name, value]) => [FACTS[name] ?? name, value, short(value)]);
}

/** What the checks say of it, whatever is hidden in the drawing. */
function findings(desk: Desk, item: number): Node[] {
  const found = desk.state.now.findings;
  const { own, inside } = found === undefined ? { own: [], inside: "" } : about(found, item);
  const list = own.slice(0, MOST_ROWS).map((finding) => make("div", { class: `finding severity-${finding.severity}` }, explained(desk, finding)));
  const open = (): void => desk.state.send({ kind: "show", panel: "findings", shown: true });
  return inside === "" ? list : [...list, make("button", {
    class: "link", text: `Inside: ${inside}`, title: "Show the findings", set: { type: "button" }, on: { click: open },
  })];
}

function attributes(list: NodeDetails["attributes"]): HTMLElement {
  return make("dl", { class: "pairs attributes" }, list.slice(0, MOST_ROWS).flatMap((attribute) => [
    make("dt", { text: attribute.name, ...(attribute.about === undefined ? {} : { title: attribute.about }) }),
    make("dd", {}, [
      make("span", { text: attribute.value }),
      ...(attribute.about === undefined ? [] : [make("small", { text: attribute.about })]),
    ]),
  ]));
}

function foundBy(words: string): Node {
  return words === "" ? document.createDocumentFragment() : make("p", { class: "more", text: `Found by: ${words}` });
}
