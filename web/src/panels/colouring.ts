/** The colouring that the user chooses: one for the legend, the table and the drawing. */
import { Attributes } from "../columns.ts";
import type { Columns } from "../columns.ts";
import { readChoice, writeChoice } from "../colour/choice.ts";
import { colour } from "../colour/colouring.ts";
import type { ColourChoice, Coloured } from "../colour/colouring.ts";
import { overlaySources, ownSources, readTable } from "../colour/own.ts";
import type { OwnSources } from "../colour/own.ts";
import { sourcesOf } from "../colour/sources.ts";
import type { Source } from "../colour/sources.ts";
import type { Theme } from "../contract.ts";
import type { Desk } from "../desk.ts";
import { mix } from "../paint/palette.ts";
import { themeOf } from "../state.ts";

/** What the drawing shows without a choice. */
export const PLAIN = "family";

const MOST_ENTRIES = 40; // of the legend of a picture
const FADED = 0.12; // of the border's colour in a fill that means "no value"
const MOST_FOR_ATTRIBUTES = 100_000; // nodes up to which attributes are looked through for devices

export class Colourer {
  columns: Columns | undefined;
  coloured: Coloured | undefined;
  #sources: Source[] = [];
  #own: Source[] = [];
  #attributes: Attributes | null = null;
  #choice: ColourChoice = { source: PLAIN };
  /** The theme that the sources were made for: fills of families are its own. */
  #listedFor: Theme | undefined;
  #ready: Promise<Columns> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(readonly desk: Desk) {
    desk.state.listen((now, before) => {
      if (now.colouredBy !== before.colouredBy && now.colouredBy !== this.#by()) {
        this.choose(readChoice(now.colouredBy || PLAIN)); // from a permalink
      } else if (this.columns !== undefined && themeOf(now, desk.head.theme) !== themeOf(before, desk.head.theme)) {
        this.#make();
      }
    });
    if (desk.state.now.colouredBy !== "") {
      this.choose(readChoice(desk.state.now.colouredBy));
    } else if (desk.head.overlay !== undefined) {
      this.choose(readChoice(desk.head.overlay));
    }
  }

  get sources(): readonly Source[] {
    return [...this.#sources, ...this.#own];
  }

  get choice(): ColourChoice {
    return this.#choice;
  }

  get theme(): Theme {
    const { head, state } = this.desk;
    return head.themes[themeOf(state.now, head.theme)] as Theme;
  }

  /** Be told when sources, choice or colours have changed. */
  listen(run: () => void): void {
    this.#listeners.add(run);
  }

  /** Loads what the sources are made of. */
  load(): Promise<Columns> {
    this.#ready ??= this.#load();
    return this.#ready;
  }

  choose(choice: ColourChoice): void {
    this.#choice = choice;
    void this.load().then(
      () => this.#make(),
      (error: Error) => this.desk.state.send({ kind: "notice", text: error.message }),
    );
  }

  /**
   * Adds the user's own table, and colours by its first column.
   *
   * @throws Error where the text is no table, or names no layer of this model.
   */
  async add(file: string, text: string): Promise<OwnSources> {
    const table = parsed(file, text);
    const columns = await this.load();
    const own = ownSources(columns, table, file);
    if (own.matched === 0) {
      const named = own.unmatched.slice(0, 3).join(", ");
      throw new Error(`${file} names no layer of this model: expected names such as ${columns.name(0)}; received ${named}`);
    }
    const fresh = new Set(own.sources.map(({ id }) => id));
    this.#own = [...this.#own.filter(({ id }) => !fresh.has(id)), ...own.sources];
    const first = own.sources[0];
    if (first !== undefined) {
      this.choose({ source: first.id });
    }
    return own;
  }

  async #load(): Promise<Columns> {
    const columns = await this.desk.columns();
    this.columns = columns;
    this.#own = columns.overlay === "" ? [] : [...overlaySources(columns, columns.overlay)];
    this.#list(columns);
    if (columns.nodes <= MOST_FOR_ATTRIBUTES) {
      void this.desk.source.attributes().then(
        (buffer) => {
          this.#attributes = new Attributes(buffer);
          this.#list(columns);
          this.#tell();
        },
        () => undefined, // a page without attributes has no devices to colour by
      );
    }
    return columns;
  }

  #list(columns: Columns): void {
    const { families } = this.desk.head;
    const theme = this.theme;
    this.#listedFor = theme;
    const familyFills = families.map((name) => theme.families[name]?.[0] ?? theme.group_fill);
    this.#sources = sourcesOf({ columns, families, familyFills, attributes: this.#attributes });
  }

  #make(): void {
    const columns = this.columns as Columns;
    const theme = this.theme;
    if (theme !== this.#listedFor) {
      this.#list(columns); // not at every step of a slider: what the sources have computed is kept with them
    }
    const source = this.sources.find(({ id }) => id === this.#choice.source);
    if (source === undefined) {
      this.desk.state.send({ kind: "notice", text: `There is nothing here to colour by ${this.#choice.source}.` });
      this.#choice = { source: PLAIN };
    }
    const used = source ?? (this.sources[0] as Source);
    const faded = mix(theme.group_fill, theme.group_stroke, FADED);
    this.coloured = colour(columns, used, this.#choice, theme.scale, faded);
    const { palette, nodes, groups } = this.coloured; // plain data only: a worker paints with it
    const legend = legendOf(this.coloured);
    const colouring = this.#by() === "" ? undefined : { palette, nodes, groups, legend };
    this.desk.state.send({ kind: "colour", colouring, by: this.#by() });
    this.#tell();
  }

  #by(): string {
    const text = writeChoice(this.#choice);
    return text === PLAIN ? "" : text;
  }

  #tell(): void {
    for (const run of this.#listeners) {
      run();
    }
  }
}

/** The legend in words, for pictures: the first entry says what it is about. */
function legendOf({ legend, source, choice }: Coloured): (readonly [string, string])[] {
  const hidden = new Set(choice.hidden ?? []);
  const shown = legend.filter(({ label }) => !hidden.has(label)).slice(0, MOST_ENTRIES);
  return shown.map(({ fill, label }, at) => [fill, at === 0 ? `${source.title}: ${label}` : label] as const);
}

/** A table, or an error that names the file. */
function parsed(file: string, text: string): ReturnType<typeof readTable> {
  try {
    return readTable(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}
