/**
 * The query language: text in, a tree out, or an error that says where and what was expected.
 *
 *   conv4 bn                  words: every one of them must be found
 *   "batch norm"              words that stand together
 *   /block\d+$/i              a regular expression, on id, name or operation
 *   Conv2D[filters>256]       an operation with conditions on its attributes or fields
 *   op:Dense params>1M        fields: name id op kind dtype shape weight device params bytes macs …
 *   -relu    a | b            not; either
 *   Conv2D -> BatchNorm       the first feeds the second
 */

import { readValue, type Value } from "./value.ts";

export type Comparator = ":" | "=" | "!=" | "<" | "<=" | ">" | ">=";

export interface Word {
  readonly kind: "word";
  readonly text: string;
}
export interface Regex {
  readonly kind: "regex";
  readonly regex: RegExp;
}
export interface Compare {
  readonly kind: "compare";
  readonly field: string;
  readonly comparator: Comparator;
  readonly value: Value;
  /** Position in the text, for messages. */
  readonly at: number;
}
/** `Conv2D[…]`: an operation (any where `op` is empty) with conditions; a bare name in them must be there and true. */
export interface Typed {
  readonly kind: "typed";
  readonly op: string;
  readonly conditions: readonly (Compare | { readonly kind: "has"; readonly field: string })[];
}
export type Term = (Word | Regex | Compare | Typed) & { readonly not?: boolean };

/** Terms that must all hold; `Query.steps[i]` lists alternatives of them. */
export type Conjunction = readonly Term[];

export interface Query {
  /** One step, or several that feed one another. */
  readonly steps: readonly (readonly Conjunction[])[];
}

/** A query that cannot be read. */
export class QueryError extends Error {
  constructor(
    message: string,
    /** Position in the text. */
    readonly at: number,
  ) {
    super(message);
    this.name = "QueryError";
  }
}

const MOST_STEPS = 8; // a longer pattern is a slip; each step is a pass over all edges
const NAME = /^[A-Za-z_][\w.]*$/;
const COMPARATOR = /(!=|<=|>=|[<>=:])/y;

/**
 * Reads a query.
 *
 * @param fields names of fields that may stand before a colon; before other comparators any name may stand.
 * @throws QueryError where it cannot be read.
 */
export function parseQuery(text: string, fields: ReadonlySet<string>): Query {
  return new Parser(text, fields).query();
}

class Parser {
  #at = 0;

  constructor(
    readonly text: string,
    readonly fields: ReadonlySet<string>,
  ) {}

  query(): Query {
    const steps: Conjunction[][] = [[]];
    let terms: Term[] = [];
    const close = (what: string): void => {
      if (terms.length === 0) throw new QueryError(`Expected something ${what}`, this.#at);
      (steps[steps.length - 1] as Conjunction[]).push(terms);
      terms = [];
    };
    for (this.#skip(); this.#at < this.text.length; this.#skip()) {
      if (this.#take("->") || this.#take("→")) {
        close("before the arrow, such as Conv2D -> ReLU");
        if (steps.push([]) > MOST_STEPS) throw new QueryError(`A pattern has at most ${MOST_STEPS} steps`, this.#at);
      } else if (this.#take("|")) {
        close("before |, such as Conv2D | Dense");
      } else {
        terms.push(this.#term());
      }
    }
    if (terms.length > 0 || steps.length > 1 || (steps[0] as Conjunction[]).length > 0) {
      close(steps.length > 1 ? "after the arrow, such as Conv2D -> ReLU" : "after |, such as Conv2D | Dense");
    }
    return { steps };
  }

  #term(): Term {
    const from = this.#at;
    if (this.text[from] === "-" && /\S/.test(this.text[from + 1] ?? " ")) {
      this.#at++;
      return { ...this.#positive(), not: true };
    }
    return this.#positive();
  }

  #positive(): Term {
    const from = this.#at;
    const first = this.text[from];
    if (first === '"') return { kind: "word", text: this.#quoted() };
    if (first === "/") return { kind: "regex", regex: this.#regex() };
    if (first === "[") return { kind: "typed", op: "", conditions: this.#conditions() };
    const run = this.#run(/[^\s[\]|"<>=!:]/);
    if (this.text[this.#at] === "[") return { kind: "typed", op: run, conditions: this.#conditions() };
    const compare = this.#comparison(run, from, this.fields, /[^\s[\]|]/);
    if (compare !== undefined) return compare;
    const rest = this.#run(/[^\s[\]|]/); // a colon or an angle in a name is a letter like others
    if (run + rest === "") {
      throw new QueryError(`Expected a word, a field or a pattern; received ${this.text[this.#at] as string}`, this.#at);
    }
    return { kind: "word", text: run + rest };
  }

  /** `field > value`, where a comparator follows; otherwise nothing is taken. Only `fields` stand before a colon. */
  #comparison(field: string, from: number, fields: ReadonlySet<string> | null, inValue: RegExp): Compare | undefined {
    const before = this.#at;
    this.#skip();
    COMPARATOR.lastIndex = this.#at;
    const comparator = COMPARATOR.exec(this.text)?.[0] as Comparator | undefined;
    const known = fields === null || fields.has(field.toLowerCase());
    if (comparator === undefined || !NAME.test(field) || (comparator === ":" && !known)) {
      this.#at = before;
      return undefined;
    }
    this.#at += comparator.length;
    this.#skip();
    const value = this.#value(inValue);
    if (value === undefined) throw new QueryError(`Expected a value after ${field}${comparator}`, this.#at);
    return { kind: "compare", field, comparator, value, at: from };
  }

  #value(inValue: RegExp): Value | undefined {
    const first = this.text[this.#at];
    if (first === '"') return readValue(this.#quoted());
    if (first === "/") return readValue("", this.#regex());
    const closing = first === "(" ? ")" : first === "[" ? "]" : undefined;
    if (closing !== undefined) {
      const end = this.text.indexOf(closing, this.#at);
      if (end < 0) throw new QueryError(`Expected ${closing} to close ${first as string}`, this.text.length);
      const whole = this.text.slice(this.#at, end + 1);
      this.#at = end + 1;
      return readValue(whole);
    }
    const text = this.#run(inValue);
    return text === "" ? undefined : readValue(text);
  }

  /** What stands in brackets: comparisons and bare names, apart by commas or spaces. */
  #conditions(): Typed["conditions"] {
    const open = this.#at++;
    const found: Typed["conditions"][number][] = [];
    for (;;) {
      this.#run(/[\s,&]/);
      if (this.#take("]")) break;
      if (this.#at >= this.text.length) throw new QueryError("Expected ] to close [", open);
      const from = this.#at;
      const field = this.#run(/[\w.]/);
      const compare = this.#comparison(field, from, null, /[^\s,&[\]]/);
      if (compare === undefined && !NAME.test(field)) {
        throw new QueryError("Expected a condition in [ ], such as filters>256 or activation=relu", this.#at);
      }
      found.push(compare ?? { kind: "has", field });
    }
    if (found.length === 0) throw new QueryError("Expected a condition in [ ], such as Conv2D[filters>256]", open);
    return found;
  }

  #quoted(): string {
    const end = this.text.indexOf('"', this.#at + 1);
    if (end < 0) throw new QueryError('Expected " to close the quotation', this.text.length);
    const inner = this.text.slice(this.#at + 1, end);
    this.#at = end + 1;
    if (inner === "") throw new QueryError("Expected words between the quotation marks", end);
    return inner;
  }

  #regex(): RegExp {
    const from = this.#at;
    const pattern = /\/((?:[^\\]|\\.)*?)\/([ims]*)(?=[\s,|\]]|$)/y;
    pattern.lastIndex = from;
    const found = pattern.exec(this.text);
    if (found === null) throw new QueryError("Expected / to close the regular expression", this.text.length);
    this.#at += found[0].length;
    try {
      return new RegExp(found[1] as string, found[2]);
    } catch (error) {
      const why = (error as Error).message.replace(/^Invalid regular expression: \/.*\/[a-z]*: /s, "");
      throw new QueryError(`The regular expression cannot be read: ${why}`, from);
    }
  }

  #skip(): void {
    this.#run(/\s/);
  }

  #take(word: string): boolean {
    if (!this.text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  /** Takes letters of a kind; an arrow ends it. */
  #run(letter: RegExp): string {
    const from = this.#at;
    while (this.#at < this.text.length && letter.test(this.text[this.#at] as string)) {
      if (this.text.startsWith("->", this.#at) || this.text[this.#at] === "→") break;
      this.#at++;
    }
    return this.text.slice(from, this.#at);
  }
}
