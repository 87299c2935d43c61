/** What the checks of trainings say of some runs, asked for again while values keep coming. */
import type { App } from "./app.ts";

export const SEVERITIES = ["error", "warning", "info"] as const;

/** What a check says of one training. */
export interface TrainingFinding {
  readonly training: string;
  readonly check: string;
  readonly name: string;
  readonly severity: (typeof SEVERITIES)[number];
  /** Ids of nodes and groups of the model; empty for the training as a whole. */
  readonly where: readonly string[];
  /** The step since when it is so. */
  readonly step: number | null;
  readonly what: string;
  readonly why: string;
  readonly do: string;
}

const PAUSE = 3_000; // ms between two looks

export class Checking {
  found: readonly TrainingFinding[] = [];
  /** Findings beyond those that are sent. */
  leftOut = 0;
  /** Why nobody could look; empty where somebody did. */
  failure = "";
  private busy = false;
  private again = false;

  /** `wanted` names the runs, none while nobody reads what is found; `told` is called with every answer. */
  constructor(private readonly app: App, private readonly wanted: () => readonly number[], private readonly told: () => void) {
    app.onNews(() => void this.renew());
  }

  /** Look again, now or as soon as the last look is long enough ago. */
  async renew(): Promise<void> {
    const runs = this.wanted();
    if (this.busy || runs.length === 0) {
      this.again = this.busy;
      return;
    }
    this.busy = true;
    this.again = false;
    try {
      const told = await this.app.server.json<{ findings: readonly TrainingFinding[]; left_out: number }>("findings", {}, { runs });
      if (this.wanted().join() === runs.join()) [this.found, this.leftOut, this.failure] = [told.findings, told.left_out, ""];
      else this.again = true; // other runs are looked at by now
    } catch (error) {
      this.failure = (error as Error).message;
    }
    this.told();
    window.setTimeout(() => {
      this.busy = false;
      if (this.again) void this.renew();
    }, PAUSE);
  }
}

/** The findings that are so at a step: those that began at it or before. */
export function firedBy(findings: readonly TrainingFinding[], step: number): TrainingFinding[] {
  return findings.filter((finding) => finding.step === null || finding.step <= step);
}

/** A severity as a number: 0 error, 1 warning, 2 info. */
export function rankOf({ severity }: TrainingFinding): number {
  return SEVERITIES.indexOf(severity);
}
