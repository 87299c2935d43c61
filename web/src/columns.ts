/**
 * The columns container: what search, outline, tracing and colouring read.
 *
 * Comes in as one buffer: 4 bytes little-endian header length, a JSON header that lists sections, then the
 * sections, 8-byte aligned. Numbers are views on that buffer and names are decoded when somebody asks for one,
 * so that 1,000,000 nodes cost the page little more than the bytes that came over the line.
 */

import { SCHEMA } from "./contract.ts";
import type { Section, Tensor, WeightKind } from "./contract.ts";

/** What a container's sections are read with; a section that is absent reads as empty. */
export interface Container {
  readonly header: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  bytes(name: string): Uint8Array;
  u8(name: string): Uint8Array;
  i32(name: string): Int32Array;
  u32(name: string): Uint32Array;
  f32(name: string): Float32Array;
  f64(name: string): Float64Array;
  text(name: string): string;
}

const WIDTH: Readonly<Record<string, number>> = { u8: 1, i32: 4, u32: 4, f32: 4, f64: 8, utf8: 1 };
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** Text of some bytes, which may lie in shared memory (a `TextDecoder` does not read that). */
function decode(bytes: Uint8Array): string {
  if (bytes.length <= 64) {
    let text = "";
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte > 127) return DECODER.decode(bytes.slice());
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return DECODER.decode(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice());
}

/**
 * Opens a container; every length is checked before anything is read.
 *
 * @throws Error where the buffer is not such a container, is cut short or has a schema of the future.
 */
export function openContainer(buffer: ArrayBufferLike): Container {
  const fail = (what: string): never => {
    throw new Error(`The data of this page is damaged: ${what}. Load the page again.`);
  };
  if (buffer.byteLength < 4) fail(`expected at least 4 bytes, received ${buffer.byteLength}`);
  const size = new DataView(buffer).getUint32(0, true);
  if (size > buffer.byteLength - 4) fail(`its header says ${size} bytes of ${buffer.byteLength - 4}`);
  const header = JSON.parse(decode(new Uint8Array(buffer, 4, size))) as Record<string, unknown>;
  if (header.schema !== SCHEMA) fail(`expected schema ${SCHEMA}, received ${String(header.schema)}`);
  const base = 4 + size;
  const sections = new Map<string, Section>();
  for (const section of (header.sections ?? []) as Section[]) {
    const width = WIDTH[section.type] ?? fail(`section ${section.name} has the unknown type ${section.type}`);
    if (section.offset < 0 || section.length < 0 || base + section.offset + section.length > buffer.byteLength) {
      fail(`section ${section.name} ends after the end of the data`);
    }
    if (section.type !== "utf8" && section.count * width !== section.length) {
      fail(`section ${section.name} has ${section.length} bytes for ${section.count} values`);
    }
    sections.set(section.name, section);
  }
  const find = (name: string, type: string): { offset: number; count: number } => {
    const section = sections.get(name);
    if (section === undefined) return { offset: 0, count: 0 };
    if (section.type !== type) fail(`section ${name} is ${section.type}, expected ${type}`);
    return { offset: base + section.offset, count: type === "utf8" ? section.length : section.count };
  };
  const bytes = (name: string): Uint8Array => {
    const { offset, count } = find(name, "utf8");
    return new Uint8Array(buffer, offset, count);
  };
  return {
    header,
    names: [...sections.keys()],
    bytes,
    u8: (name) => new Uint8Array(buffer, find(name, "u8").offset, find(name, "u8").count),
    i32: (name) => new Int32Array(buffer, find(name, "i32").offset, find(name, "i32").count),
    u32: (name) => new Uint32Array(buffer, find(name, "u32").offset, find(name, "u32").count),
    f32: (name) => new Float32Array(buffer, find(name, "f32").offset, find(name, "f32").count),
    f64: (name) => new Float64Array(buffer, find(name, "f64").offset, find(name, "f64").count),
    text: (name) => decode(bytes(name)),
  };
}

/** Strings side by side in one run of UTF-8; each is decoded when asked for. */
export class Strings {
  constructor(
    readonly bytes: Uint8Array,
    readonly start: Uint32Array,
  ) {}

  get length(): number {
    return Math.max(0, this.start.length - 1);
  }

  at(index: number): string {
    return decode(this.bytes.subarray(this.start[index] ?? 0, this.start[index + 1] ?? 0));
  }

  /**
   * A faster `at` for who asks for very many: the whole run is decoded once, and where it is plain ASCII, each string
   * is a cut of that. It costs as much memory as the bytes, so it is not kept.
   */
  reader(): (index: number) => string {
    const whole = decode(this.bytes);
    if (whole.length !== this.bytes.length) return (index) => this.at(index);
    const { start } = this;
    return (index) => whole.slice(start[index], start[index + 1]);
  }
}

/** One weight, by reference: its values stay in the file. */
export interface WeightRow extends WeightKind {
  readonly id: string;
}

/** All weights: an id each, and a few kinds that they share; rows are made when somebody asks for one. */
export class Weights {
  constructor(
    readonly ids: Strings,
    readonly kind: Int32Array,
    readonly kinds: readonly WeightKind[],
  ) {}

  get length(): number {
    return this.kind.length;
  }

  at(code: number): WeightRow | undefined {
    const kind = this.kinds[this.kind[code] ?? -1];
    return kind === undefined ? undefined : { id: this.ids.at(code), ...kind };
  }

  /** Number of values of each weight. */
  sizes(): Float64Array {
    const ofKind = this.kinds.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    const sizes = new Float64Array(this.length);
    for (let code = 0; code < sizes.length; code++) sizes[code] = ofKind[this.kind[code] as number] as number;
    return sizes;
  }
}

/** The model as columns: nodes, groups, edges, tensors, weights and facts. */
export class Columns {
  readonly nodes: number;
  readonly groups: number;
  readonly edges: number;
  readonly nodeNames: Strings;
  readonly ops: readonly string[];
  /** Position in the chart's `families`, by op code. */
  readonly opFamilies: Uint8Array;
  readonly opCode: Int32Array;
  readonly nodeGroup: Int32Array;
  readonly groupNames: Strings;
  readonly groupIds: Strings;
  readonly groupParents: Int32Array;
  /** Classes that groups are the insides of; `groupOp` is a position in it. */
  readonly groupOps: readonly string[];
  readonly groupOp: Int32Array;
  /** Equal numbers are equal structures. */
  readonly placementOf: Int32Array;
  readonly groupParameters: Float64Array;
  readonly groupTrainable: Float64Array;
  readonly groupBytes: Float64Array;
  readonly inputStart: Uint32Array;
  readonly inputNode: Int32Array;
  /** Output port that is read; -1 for a control edge. */
  readonly inputPort: Int32Array;
  readonly tensors: readonly Tensor[];
  readonly outputStart: Uint32Array;
  readonly outputCode: Int32Array;
  readonly parameters: Float64Array;
  readonly trainable: Float64Array;
  readonly weightBytes: Float64Array;
  readonly weights: Weights;
  readonly weightStart: Uint32Array;
  readonly weightCode: Int32Array;
  /** Weights that groups hold themselves: whose, and which. */
  readonly groupWeightGroup: Int32Array;
  readonly groupWeightCode: Int32Array;
  /** Numbers about nodes by name, such as `macs`; NaN where it is not known. */
  readonly facts: ReadonlyMap<string, Float64Array>;
  /** The table that was laid over the model, as JSON; empty without one. */
  readonly overlay: string;

  readonly #kinds: readonly string[];
  readonly #kind: Int32Array;
  readonly #ownIds: Strings;
  readonly #ownIdNodes: Int32Array;

  constructor(readonly buffer: ArrayBufferLike) {
    const box = openContainer(buffer);
    const strings = (name: string): Strings => new Strings(box.bytes(name), box.u32(`${name}_start`));
    const table = <T>(name: string): T[] => JSON.parse(box.text(name) || "[]") as T[];
    this.nodeNames = strings("node_name");
    this.overlay = box.text("overlay");
    this.ops = table<string>("ops");
    this.opFamilies = box.u8("op_family");
    this.opCode = box.i32("op_code");
    this.nodeGroup = box.i32("node_group");
    this.groupNames = strings("group_name");
    this.groupIds = strings("group_id");
    this.groupParents = box.i32("group_parent");
    this.groupOps = table<string>("group_ops");
    this.groupOp = box.i32("group_op");
    this.placementOf = box.i32("placement_of");
    this.groupParameters = box.f64("group_parameters");
    this.groupTrainable = box.f64("group_trainable_parameters");
    this.groupBytes = box.f64("group_weight_bytes");
    this.inputStart = box.u32("input_start");
    this.inputNode = box.i32("input_node");
    this.inputPort = box.i32("input_port");
    this.tensors = table<Tensor>("tensors");
    this.outputStart = box.u32("output_start");
    this.outputCode = box.i32("output_code");
    this.parameters = box.f64("parameters");
    this.trainable = box.f64("trainable_parameters");
    this.weightBytes = box.f64("weight_bytes");
    this.weights = new Weights(strings("weight_id"), box.i32("weight_kind"), table<WeightKind>("weight_kinds"));
    this.weightStart = box.u32("weight_start");
    this.weightCode = box.i32("weight_code");
    this.groupWeightGroup = box.i32("group_weight_group");
    this.groupWeightCode = box.i32("group_weight_code");
    this.facts = new Map(
      box.names.filter((name) => name.startsWith("fact:")).map((name) => [name.slice(5), box.f64(name)]),
    );
    this.#kinds = table<string>("group_kinds");
    this.#kind = box.i32("group_kind");
    this.#ownIds = strings("node_id");
    this.#ownIdNodes = box.i32("node_id_at");
    this.nodes = this.opCode.length;
    this.groups = this.groupParents.length;
    this.edges = this.inputNode.length;
    if (this.nodeNames.length !== this.nodes || this.nodeGroup.length !== this.nodes) {
      throw new Error(`The data of this page is damaged: ${this.nodes} nodes have ${this.nodeNames.length} names.`);
    }
  }

  name(node: number): string {
    return this.nodeNames.at(node);
  }

  op(node: number): string {
    return this.ops[this.opCode[node] as number] ?? "";
  }

  /** The node's id: its group's id and its name, unless the model has two of that name there. */
  id(node: number): string {
    const own = positionIn(this.#ownIdNodes, node);
    if (own >= 0) return this.#ownIds.at(own);
    const group = this.groupIds.at(this.nodeGroup[node] as number);
    return group === "" ? this.name(node) : `${group}/${this.name(node)}`;
  }

  /** A faster `id` for who asks for very many, in ascending order. */
  idReader(): (node: number) => string {
    const name = this.nodeNames.reader();
    const groupId = this.groupIds.reader();
    const own = new Map(Array.from(this.#ownIdNodes, (node, at) => [node, at]));
    let group = -1;
    let around = "";
    return (node) => {
      const at = own.size === 0 ? undefined : own.get(node);
      if (at !== undefined) return this.#ownIds.at(at);
      if (this.nodeGroup[node] !== group) {
        group = this.nodeGroup[node] as number;
        const id = groupId(group);
        around = id === "" ? "" : `${id}/`;
      }
      return around + name(node);
    };
  }

  /** Nodes with an id of their own, ascending, and those ids. */
  get ownIds(): { readonly nodes: Int32Array; readonly ids: Strings } {
    return { nodes: this.#ownIdNodes, ids: this.#ownIds };
  }

  groupName(group: number): string {
    return this.groupNames.at(group);
  }

  groupId(group: number): string {
    return this.groupIds.at(group);
  }

  groupKind(group: number): string {
    return this.#kinds[this.#kind[group] as number] ?? "";
  }

  /** Class of the layer or model that the group is the inside of, or an empty string. */
  groupOpName(group: number): string {
    return this.groupOps[this.groupOp[group] ?? -1] ?? "";
  }

  /** Tensor on one output port of a node, or undefined where the model does not tell. */
  output(node: number, port = 0): Tensor | undefined {
    const at = (this.outputStart[node] as number) + port;
    return port >= 0 && at < (this.outputStart[node + 1] as number)
      ? this.tensors[this.outputCode[at] as number]
      : undefined;
  }

  /** Positions in `weights` of what a node owns or shares. */
  weightsOf(node: number): Int32Array {
    return this.weightCode.subarray(this.weightStart[node] ?? 0, this.weightStart[node + 1] ?? 0);
  }

  /** The same of weights that a group holds itself. */
  weightsOfGroup(group: number): Int32Array {
    return this.groupWeightCode.filter((_, at) => this.groupWeightGroup[at] === group);
  }

  /** Index of the node with an id, or -1. One pass over the names: no index of 1,000,000 strings is kept. */
  nodeById(id: string): number {
    for (let at = 0; at < this.#ownIdNodes.length; at++) {
      if (this.#ownIds.at(at) === id) return this.#ownIdNodes[at] as number;
    }
    const wanted = ENCODER.encode(id);
    const { bytes, start } = this.nodeNames;
    for (let node = 0; node < this.nodes; node++) {
      if (endsWith(wanted, bytes, start[node] as number, start[node + 1] as number) && this.id(node) === id) return node;
    }
    return -1;
  }

  /** Index of the group with an id, or -1; the root's id is the empty string. */
  groupById(id: string): number {
    const wanted = ENCODER.encode(id);
    const { bytes, start } = this.groupIds;
    for (let group = 0; group < this.groups; group++) {
      const from = start[group] as number;
      const to = start[group + 1] as number;
      if (to - from === wanted.length && endsWith(wanted, bytes, from, to)) return group;
    }
    return -1;
  }
}

/** Whether some bytes end with those from `from` up to `to`. */
function endsWith(whole: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const shift = whole.length - to;
  if (whole.length < to - from) return false;
  for (let at = to - 1; at >= from; at--) {
    if (whole[at + shift] !== bytes[at]) return false;
  }
  return true;
}

/** Opens the container that `GET columns` answers. */
export function readColumns(buffer: ArrayBufferLike): Columns {
  return new Columns(buffer);
}

/** Attributes of nodes as JSON texts: equal ones are stored once. */
export class Attributes {
  readonly texts: Strings;
  readonly code: Int32Array;
  readonly #parsed = new Map<number, Readonly<Record<string, unknown>>>();

  constructor(readonly buffer: ArrayBufferLike) {
    const box = openContainer(buffer);
    this.texts = new Strings(box.bytes("attributes"), box.u32("attributes_start"));
    this.code = box.i32("attribute_code");
  }

  /** The mapping with a code, parsed when first asked for. */
  mapping(code: number): Readonly<Record<string, unknown>> {
    let found = this.#parsed.get(code);
    if (found === undefined) {
      const value: unknown = JSON.parse(this.texts.at(code) || "{}");
      found = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
      if (this.#parsed.size < 4096) this.#parsed.set(code, found);
    }
    return found;
  }

  /** The attributes of a node. */
  of(node: number): Readonly<Record<string, unknown>> {
    const code = this.code[node];
    return code === undefined ? {} : this.mapping(code);
  }
}

/** Position of a value in ascending numbers, or -1. */
export function positionIn(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle] as number;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
