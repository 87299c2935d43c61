/** Colours of runs: those of one training share one, whatever part of it they are. */

/** Ten hues that stay apart for most kinds of colour blindness, on white and on black. */
const HUES: readonly (readonly [light: string, dark: string])[] = [
  ["#2563eb", "#60a5fa"], ["#d97706", "#fbbf24"], ["#059669", "#34d399"], ["#db2777", "#f472b6"], ["#7c3aed", "#a78bfa"],
  ["#0891b2", "#22d3ee"], ["#dc2626", "#f87171"], ["#65a30d", "#a3e635"], ["#92400e", "#d6a77a"], ["#475569", "#cbd5e1"],
]; // prettier-ignore

/** The colour of the n-th training. */
export function hue(at: number, dark: boolean): string {
  return (HUES[at % HUES.length] as (typeof HUES)[number])[dark ? 1 : 0];
}
