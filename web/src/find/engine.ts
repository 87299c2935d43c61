/**
 * The search: a query over all columns. In: text. Out: nodes and groups that fit, in the model's order, each with
 * a rank (0 is best). Runs in a worker, but knows nothing of it.
 */

import type { Attributes, Columns } from "../columns.ts";
import { attributeNames, attributeTest, attributeValue, fits, valueHolds } from "./attributes.ts";
import { FIELD_NAMES, fieldTests, type Test } from "./fields.ts";
import { type Compare, type Conjunction, parseQuery, type Query, QueryError, type Term, type Typed } from "./query.ts";
import { readDimensions, shapeHolds } from "./value.ts";
import { Forgiving, needle, TIER, tierIn, tierOf } from "./words.ts";

/** What a search found. */
export interface Found {
  readonly nodes: Uint32Array;
  /** Rank of each of `nodes`. */
  readonly nodeRanks: Uint8Array;
  readonly groups: Uint32Array;
  readonly groupRanks: Uint8Array;
  /** Whether nothing fits exactly and these are only similar. */
  readonly similar: boolean;
  /** Something the user should know, such as an attribute that no node has. */
  readonly note: string;
}

/** The query compares attributes, which are not loaded. */
export class AttributesNeeded extends Error {}

/** How well nodes and groups fit a term: a rank, or NONE. */
interface Scorer {
  node(node: number): number;
  group(group: number): number;
  /** Whether the term may find groups by itself. */
  readonly findsGroups: boolean;
}

const { none: NONE, path: PATH } = TIER;
const never = (): number => NONE;
const SHORTEST_FOR_ATTRIBUTES = 3; // "re" stands in a value of almost every layer
const COMPARATORS = /[:=<>[\]|"/]|->|→|(^|\s)-/;

export class Engine {
  #attributes: Attributes | null = null;
  /** Words of the last search and the nodes that fitted: a query that says more can only fit fewer of them. */
  #last: { readonly words: readonly string[]; readonly nodes: Uint32Array } | null = null;

  constructor(readonly columns: Columns) {}

  set attributes(attributes: Attributes) {
    this.#attributes = attributes;
    this.#last = null;
  }

  /**
   * Finds what fits a query; an empty one finds nothing.
   *
   * @throws QueryError where the query cannot be read.
   * @throws AttributesNeeded where it compares attributes before they are loaded.
   */
  search(text: string): Found {
    const query = parseQuery(text, FIELD_NAMES);
    const plain = COMPARATORS.test(text) ? null : text.toLowerCase().split(/\s+/).filter(Boolean);
    if ((query.steps[0] as readonly Conjunction[]).length === 0) return this.#collect(new Uint8Array(0), null, false, "");
    let candidates = plain === null ? null : this.#candidates(plain);
    let ranks = this.#steps(query, false, candidates);
    let similar = false;
    if (ranks.count === 0 && !candidates?.length && hasWords(query)) {
      candidates = null;
      ranks = this.#steps(query, true, null);
      similar = ranks.count > 0;
    }
    const found = this.#collect(ranks.nodes, ranks.groups, similar, ranks.count === 0 ? this.#note(query) : "");
    this.#last = plain !== null && !similar && ranks.count > 0 ? { words: plain, nodes: found.nodes } : null;
    return found;
  }

  /** Nodes among which a query of plain words finds its own, or null for all. */
  #candidates(words: readonly string[]): Uint32Array | null {
    const last = this.#last;
    if (last === null || words.length < last.words.length) return null;
    const narrower = last.words.every((word, at) => {
      const now = words[at] as string;
      return word === now || (word.length >= SHORTEST_FOR_ATTRIBUTES && now.startsWith(word));
    });
    // a word that has become a shape or a type fits more than its beginning did
    const fresh = words.some((word) => readDimensions(word) !== undefined || this.#isDtype(word));
    return narrower && !fresh ? last.nodes : null;
  }

  #isDtype(word: string): boolean {
    return this.columns.tensors.some(({ dtype }) => dtype === word);
  }

  #steps(query: Query, forgiving: boolean, candidates: Uint32Array | null): Ranks {
    const inPattern = query.steps.length > 1;
    const steps = query.steps.map((step) => this.#alternatives(step, forgiving, candidates, inPattern));
    if (!inPattern) return steps[0] as Ranks;
    const chained = this.#chain(steps.map((step) => step.nodes));
    return { nodes: chained, groups: null, count: countOf(chained) };
  }

  #alternatives(
    step: readonly Conjunction[],
    forgiving: boolean,
    candidates: Uint32Array | null,
    inPattern: boolean,
  ): Ranks {
    const { columns } = this;
    const nodes = new Uint8Array(columns.nodes).fill(NONE);
    const groups = new Uint8Array(columns.groups).fill(NONE);
    for (const terms of step) {
      const scorers = terms.map((term) => this.#scorer(inPattern ? this.#asOp(term) : term, forgiving));
      const size = candidates?.length ?? columns.nodes;
      for (let at = 0; at < size; at++) {
        const node = candidates === null ? at : (candidates[at] as number);
        const rank = together(scorers, node, "node");
        if (rank < (nodes[node] as number)) nodes[node] = rank;
      }
      if (!scorers.some((scorer) => scorer.findsGroups)) continue;
      for (let group = 1; group < columns.groups; group++) {
        const rank = together(scorers, group, "group");
        if (rank < (groups[group] as number)) groups[group] = rank;
      }
    }
    return { nodes, groups, count: countOf(nodes) + countOf(groups) };
  }

  /** In a pattern the name of an operation means just that: `ReLU -> Add` is not about names that contain it. */
  #asOp(term: Term): Term {
    if (term.kind !== "word") return term;
    const wanted = term.text.toLowerCase();
    const known = this.columns.ops.some((op) => op.toLowerCase() === wanted);
    return known ? { kind: "typed", op: term.text, conditions: [], not: term.not === true } : term;
  }

  /** Nodes on a chain that has one of each step, each feeding the next. */
  #chain(steps: readonly Uint8Array[]): Uint8Array {
    const { inputStart, inputNode, inputPort, nodes } = this.columns;
    const links = (source: Uint8Array, target: Uint8Array, visit: (from: number, to: number) => void): void => {
      for (let node = 0; node < nodes; node++) {
        if (target[node] === NONE) continue;
        for (let at = inputStart[node] as number; at < (inputStart[node + 1] as number); at++) {
          const from = inputNode[at] as number;
          if ((inputPort[at] as number) >= 0 && source[from] !== NONE) visit(from, node);
        }
      }
    };
    const alive = steps.map((step) => step.slice());
    for (let at = 1; at < alive.length; at++) {
      const reached = new Uint8Array(nodes).fill(NONE);
      const step = alive[at] as Uint8Array;
      links(alive[at - 1] as Uint8Array, step, (_from, to) => (reached[to] = step[to] as number));
      alive[at] = reached;
    }
    for (let at = alive.length - 2; at >= 0; at--) {
      const reached = new Uint8Array(nodes).fill(NONE);
      const step = alive[at] as Uint8Array;
      links(step, alive[at + 1] as Uint8Array, (from) => (reached[from] = step[from] as number));
      alive[at] = reached;
    }
    const all = new Uint8Array(nodes).fill(NONE);
    for (const step of alive) {
      for (let node = 0; node < nodes; node++) all[node] = Math.min(all[node] as number, step[node] as number);
    }
    return all;
  }

  #scorer(term: Term, forgiving: boolean): Scorer {
    const scorer = this.#positive(term, forgiving);
    if (term.not !== true) return scorer;
    const flip = (rank: number): number => (rank === NONE ? 0 : NONE);
    return {
      node: (node) => flip(scorer.node(node)),
      group: (group) => flip(scorer.group(group)),
      findsGroups: false,
    };
  }

  #positive(term: Term, forgiving: boolean): Scorer {
    switch (term.kind) {
      case "word":
        return this.#word(term.text, forgiving);
      case "regex":
        return this.#regex(term.regex);
      case "compare":
        return this.#compare(term);
      case "typed":
        return this.#typed(term);
    }
  }

  #word(text: string, forgiving: boolean): Scorer {
    const { columns } = this;
    const exact = this.#exactWord(text);
    if (!forgiving) return exact;
    const { bytes, start } = columns.nodeNames;
    const loose = new Forgiving(needle(text).bytes);
    const ops = columns.ops.map((op) => loose.tierOf(op));
    const groups = columns.groupNames;
    return {
      node: (node) => {
        const found = exact.node(node);
        if (found !== NONE) return found;
        const byName = loose.tierIn(bytes, start[node] as number, start[node + 1] as number);
        return Math.min(byName, ops[columns.opCode[node] as number] as number);
      },
      group: (group) => {
        const found = exact.group(group);
        if (found !== NONE) return found;
        return loose.tierIn(groups.bytes, groups.start[group] as number, groups.start[group + 1] as number);
      },
      findsGroups: true,
    };
  }

  #exactWord(text: string): Scorer {
    const { columns } = this;
    const word = needle(text);
    const { bytes, start } = columns.nodeNames;
    const opTier = (op: string): number => {
      const tier = op === "" ? NONE : tierOf(op, word.bytes);
      return tier <= TIER.start ? TIER.start : tier === NONE ? NONE : TIER.op;
    };
    const ops = columns.ops.map(opTier);
    const groupOps = columns.groupOps.map(opTier);
    const { own, around } = this.#groupTiers(word.bytes);
    const extra = this.#extras(word.text);
    return {
      node: (node) => {
        let tier = tierIn(bytes, start[node] as number, start[node + 1] as number, word.bytes);
        tier = Math.min(tier, ops[columns.opCode[node] as number] as number);
        if (tier > PATH && around[columns.nodeGroup[node] as number] === 1) tier = PATH;
        return tier === NONE ? extra(node) : tier;
      },
      group: (group) => {
        const tier = Math.min(own[group] as number, groupOps[columns.groupOp[group] ?? -1] ?? NONE);
        const parent = columns.groupParents[group] as number;
        return tier === NONE && parent >= 0 && around[parent] === 1 ? PATH : tier;
      },
      findsGroups: true,
    };
  }

  /** Tier of each group's own name, and whether a group or one around it has the word in its name. */
  #groupTiers(word: Uint8Array): { own: Uint8Array; around: Uint8Array } {
    const { groups, groupNames, groupParents } = this.columns;
    const { bytes, start } = groupNames;
    const own = new Uint8Array(groups).fill(NONE);
    const around = new Uint8Array(groups);
    for (let group = 1; group < groups; group++) {
      own[group] = tierIn(bytes, start[group] as number, start[group + 1] as number, word);
      around[group] = own[group] !== NONE || around[groupParents[group] as number] === 1 ? 1 : 0;
    }
    return { own, around };
  }

  /** Tier by what a node has beside its name: weights, outputs, attributes. */
  #extras(word: string): (node: number) => number {
    const { columns } = this;
    const dims = readDimensions(word);
    const many = dims !== undefined && dims.length > 1;
    const tensors = columns.tensors.map(({ shape, dtype }) => dtype === word || (many && shapeHolds(shape, dims, false)));
    const { kind, kinds } = columns.weights;
    const ofKind = kinds.map(
      ({ name, shape }) => name.toLowerCase().includes(word) || (many && shapeHolds(shape, dims, false)),
    );
    const weights = ofKind.includes(true) ? Array.from(kind, (number) => ofKind[number] as boolean) : [];
    const inTensors = rows(columns.outputStart, columns.outputCode, tensors);
    const inWeights = rows(columns.weightStart, columns.weightCode, weights);
    const inAttributes =
      this.#attributes === null || word.length < SHORTEST_FOR_ATTRIBUTES
        ? () => false
        : attributeTest(this.#attributes, (mapping) => valueHolds(mapping, word));
    return (node) =>
      inWeights(node) ? TIER.weight : inTensors(node) ? TIER.tensor : inAttributes(node) ? TIER.attribute : NONE;
  }

  #regex(regex: RegExp): Scorer {
    const { columns } = this;
    const ops = columns.ops.map((op) => regex.test(op));
    const id = columns.idReader();
    const groupId = columns.groupIds.reader();
    // an id ends with the name: only what asks for a beginning can fit the name alone
    const begins = /\^|\(\?</.test(regex.source);
    const name = begins ? columns.nodeNames.reader() : undefined;
    const groupName = begins ? columns.groupNames.reader() : undefined;
    return {
      node: (node) =>
        ops[columns.opCode[node] as number] || regex.test(id(node)) || (name !== undefined && regex.test(name(node)))
          ? 0
          : NONE,
      group: (group) =>
        regex.test(groupId(group)) || (groupName !== undefined && regex.test(groupName(group))) ? 0 : NONE,
      findsGroups: true,
    };
  }

  #compare(compare: Compare): Scorer {
    const tests = fieldTests(this.columns, compare);
    const { comparator } = compare;
    if (tests === undefined) return scored(this.#attributeTest(compare));
    const textual = ["name", "id", "path", "op", "type", "layer", "kind"].includes(compare.field.toLowerCase());
    return scored(tests.node, tests.group, textual && comparator !== "!=");
  }

  #typed({ op, conditions }: Typed): Scorer {
    const { columns } = this;
    const wanted = op.toLowerCase();
    const same = (found: string): boolean => found.toLowerCase() === wanted;
    const named = columns.ops.some(same);
    const ops = columns.ops.map((found) => wanted === "" || (named ? same(found) : found.toLowerCase().includes(wanted)));
    const tests = conditions.map((condition) => this.#condition(condition));
    return scored((node) => (ops[columns.opCode[node] as number] as boolean) && tests.every((test) => test(node)));
  }

  /** In brackets an attribute comes before a field of the same name. */
  #condition(condition: Typed["conditions"][number]): Test {
    if (this.#attributes === null) throw new AttributesNeeded();
    const { field } = condition;
    if (condition.kind === "has") {
      return attributeTest(this.#attributes, (mapping) => {
        const value = attributeValue(mapping, field);
        return value !== undefined && value !== false && value !== null;
      });
    }
    const test = this.#attributeTest(condition);
    const known = attributeNames(this.#attributes).has(field.toLowerCase());
    return known ? test : (fieldTests(this.columns, condition)?.node ?? test);
  }

  #attributeTest({ field, comparator, value, at }: Compare): Test {
    if (this.#attributes === null) throw new AttributesNeeded();
    if (/[<>]/.test(comparator) && Number.isNaN(value.number)) {
      throw new QueryError(`Expected a number after ${field}${comparator}, such as 256 or 1.5M`, at);
    }
    return attributeTest(this.#attributes, (mapping) => fits(attributeValue(mapping, field), comparator, value));
  }

  /** Why nothing was found, where that can be told: an attribute that nothing has. */
  #note(query: Query): string {
    const attributes = this.#attributes;
    if (attributes === null) return "";
    const compared = query.steps.flat(2).flatMap((term) => {
      if (term.kind === "typed") return term.conditions.map(({ field }) => field);
      return term.kind === "compare" && !FIELD_NAMES.has(term.field.toLowerCase()) ? [term.field] : [];
    });
    const known = attributeNames(attributes);
    const facts = [...this.columns.facts.keys()].map((fact) => fact.toLowerCase());
    const names = [...known, ...FIELD_NAMES, ...facts];
    const lost = compared.find((field) => !field.includes(".") && !names.includes(field.toLowerCase()));
    if (lost === undefined) return "";
    const near = new Forgiving(needle(lost).bytes);
    const like = names.filter((name) => near.tierOf(name) === TIER.typo).slice(0, 3);
    return `Nothing here has an attribute ${lost}${like.length > 0 ? `; did you mean ${like.join(" or ")}?` : "."}`;
  }

  #collect(nodeRanks: Uint8Array, groupRanks: Uint8Array | null, similar: boolean, note: string): Found {
    const [nodes, ranks] = gather(nodeRanks);
    const [groups, ranksOfGroups] = gather(groupRanks ?? new Uint8Array(0));
    return { nodes, nodeRanks: ranks, groups, groupRanks: ranksOfGroups, similar, note };
  }
}

interface Ranks {
  readonly nodes: Uint8Array;
  readonly groups: Uint8Array | null;
  readonly count: number;
}

/** Rank of all terms together: their sum. What fits only by the groups around it does not fit. */
function together(scorers: readonly Scorer[], index: number, what: "node" | "group"): number {
  let sum = 0;
  let own = false;
  for (const scorer of scorers) {
    const rank = scorer[what](index);
    if (rank === NONE) return NONE;
    own ||= rank !== PATH;
    sum += rank;
  }
  return own ? Math.min(sum, NONE - 1) : NONE;
}

function scored(node: Test, group?: Test, findsGroups = false): Scorer {
  return {
    node: (index) => (node(index) ? 0 : NONE),
    group: group === undefined ? never : (index) => (group(index) ? 0 : NONE),
    findsGroups,
  };
}

function rows(start: Uint32Array, codes: Int32Array, hits: readonly boolean[]): Test {
  if (!hits.includes(true)) return () => false;
  return (node) => {
    for (let at = start[node] as number; at < (start[node + 1] as number); at++) {
      if (hits[codes[at] as number]) return true;
    }
    return false;
  };
}

function hasWords(query: Query): boolean {
  return query.steps.flat(2).some((term) => term.kind === "word" && term.not !== true);
}

function countOf(ranks: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < ranks.length; at++) if (ranks[at] !== NONE) count++;
  return count;
}

/** Positions that have a rank, and those ranks. */
function gather(ranks: Uint8Array): [Uint32Array, Uint8Array] {
  const size = countOf(ranks);
  const found = new Uint32Array(size);
  const kept = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < ranks.length; at++) {
    if (ranks[at] === NONE) continue;
    found[to] = at;
    kept[to++] = ranks[at] as number;
  }
  return [found, kept];
}
