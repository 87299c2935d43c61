/** Small models for the tests of what reads columns: written as text, packed as Python packs them. */
import { Columns } from "../src/columns.ts";

type Kind = "u8" | "i32" | "u32" | "f32" | "f64" | "utf8";
const ARRAYS = { u8: Uint8Array, i32: Int32Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };

/** Packs sections as `GET columns` does. */
export function pack(sections: readonly (readonly [string, Kind, readonly number[] | readonly string[] | string])[], extra: object = {}): ArrayBuffer {
  const bodies: Uint8Array[] = [];
  const listed: object[] = [];
  let offset = 0;
  const add = (name: string, type: Kind, body: Uint8Array, count: number): void => {
    listed.push({ name, type, offset, length: body.length, count });
    bodies.push(body);
    offset += Math.ceil(body.length / 8) * 8;
  };
  for (const [name, type, values] of sections) {
    if (type !== "utf8") {
      const body = ARRAYS[type].from(values as number[]);
      add(name, type, new Uint8Array(body.buffer), body.length);
    } else if (typeof values === "string") {
      add(name, type, new TextEncoder().encode(values), 1);
    } else {
      const parts = (values as string[]).map((text) => new TextEncoder().encode(text));
      const starts = parts.reduce((all, part) => [...all, (all[all.length - 1] as number) + part.length], [0]);
      add(name, type, new TextEncoder().encode((values as string[]).join("")), values.length);
      add(`${name}_start`, "u32", new Uint8Array(Uint32Array.from(starts).buffer), starts.length);
    }
  }
  let header = JSON.stringify({ schema: 1, sections: listed, ...extra });
  header += " ".repeat((8 - ((4 + header.length) % 8)) % 8);
  const all = new Uint8Array(4 + header.length + offset);
  new DataView(all.buffer).setUint32(0, header.length, true);
  all.set(new TextEncoder().encode(header), 4);
  let at = 4 + header.length;
  for (const body of bodies) {
    all.set(body, at);
    at += Math.ceil(body.length / 8) * 8;
  }
  return all.buffer;
}

export interface SampleNode {
  readonly name: string;
  readonly op: string;
  readonly group?: number;
  readonly inputs?: readonly (number | readonly [number, number])[];
  readonly shape?: readonly (number | null)[];
  readonly dtype?: string;
  readonly weights?: readonly { name: string; shape: number[]; trainable?: boolean }[];
  readonly id?: string;
}
export interface SampleGroup {
  readonly name: string;
  readonly parent: number;
  readonly kind?: string;
  readonly op?: string;
  readonly placement?: number;
}

/** Columns of a model that is given node by node; group 0, the root, is added. */
export function sample(nodes: readonly SampleNode[], groups: readonly SampleGroup[] = [], facts: Record<string, number[]> = {}): Columns {
  const table = <T>(values: readonly T[]): [T[], number[]] => {
    const distinct = [...new Set(values)];
    return [distinct, values.map((value) => distinct.indexOf(value))];
  };
  const all: SampleGroup[] = [{ name: "model", parent: -1, kind: "root" }, ...groups];
  const ids = all.reduce<string[]>((made, { name, parent }) => [...made, parent < 0 ? "" : made[parent] ? `${made[parent]}/${name}` : name], []);
  const starts = (lists: readonly (readonly unknown[])[]): number[] =>
    lists.reduce<number[]>((made, list) => [...made, (made[made.length - 1] as number) + list.length], [0]);
  const [ops, opCodes] = table(nodes.map(({ op }) => op));
  const [kinds, kindCodes] = table(all.map(({ kind }) => kind ?? "block"));
  const [groupOps, groupOpCodes] = table(all.map(({ op }) => op ?? ""));
  const [tensors, tensorCodes] = table(nodes.map(({ shape, dtype }) => JSON.stringify({ shape: shape ?? null, dtype: dtype ?? "float32" })));
  const inputs = nodes.map((node) => (node.inputs ?? []).map((input) => (typeof input === "number" ? ([input, 0] as const) : input)));
  const weights = nodes.flatMap((node) => (node.weights ?? []).map((weight) => ({ id: `${node.name}/${weight.name}`, dtype: "float32", trainable: true, ...weight })));
  const size = (list: SampleNode["weights"], trainable: boolean): number =>
    (list ?? []).filter((weight) => !trainable || weight.trainable !== false).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const totals = nodes.map((node) => size(node.weights, false));
  const trained = nodes.map((node) => size(node.weights, true));
  const rolled = (values: number[]): number[] => {
    const sums = all.map(() => 0);
    nodes.forEach((node, at) => {
      for (let group = node.group ?? 0; group >= 0; group = (all[group] as SampleGroup).parent) sums[group] = (sums[group] as number) + (values[at] as number);
    });
    return sums;
  };
  const own = nodes.flatMap((node, at) => (node.id === undefined ? [] : [at]));
  return new Columns(
    pack([
      ["node_name", "utf8", nodes.map(({ name }) => name)],
      ["node_id", "utf8", own.map((at) => (nodes[at] as SampleNode).id as string)],
      ["node_id_at", "i32", own],
      ["ops", "utf8", JSON.stringify(ops)],
      ["op_family", "u8", ops.map((_, at) => at % 3)],
      ["op_code", "i32", opCodes],
      ["node_group", "i32", nodes.map(({ group }) => group ?? 0)],
      ["group_name", "utf8", all.map(({ name }) => name)],
      ["group_id", "utf8", ids],
      ["group_parent", "i32", all.map(({ parent }) => parent)],
      ["group_kinds", "utf8", JSON.stringify(kinds)],
      ["group_kind", "i32", kindCodes],
      ["group_ops", "utf8", JSON.stringify(groupOps)],
      ["group_op", "i32", groupOpCodes],
      ["placement_of", "i32", all.map(({ placement }, at) => placement ?? at)],
      ["input_start", "u32", starts(inputs)],
      ["input_node", "i32", inputs.flat().map(([node]) => node)],
      ["input_port", "i32", inputs.flat().map(([, port]) => port)],
      ["tensors", "utf8", `[${tensors.join(",")}]`],
      ["output_start", "u32", nodes.map((_, at) => at).concat(nodes.length)],
      ["output_code", "i32", tensorCodes],
      ["weight_id", "utf8", weights.map(({ id }) => id)],
      ["weight_kinds", "utf8", JSON.stringify(weights.map(({ id: _, ...kind }) => kind))],
      ["weight_kind", "i32", weights.map((_, at) => at)],
      ["weight_start", "u32", starts(nodes.map((node) => node.weights ?? []))],
      ["weight_code", "i32", weights.map((_, at) => at)],
      ["parameters", "f64", totals],
      ["trainable_parameters", "f64", trained],
      ["weight_bytes", "f64", totals.map((total) => total * 4)],
      ["group_parameters", "f64", rolled(totals)],
      ["group_trainable_parameters", "f64", rolled(trained)],
      ["group_weight_bytes", "f64", rolled(totals).map((total) => total * 4)],
      ...Object.entries(facts).map(([name, values]) => [`fact:${name}`, "f64", values] as const),
    ]),
  );
}
