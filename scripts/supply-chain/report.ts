/** How one check came out. */
export type Outcome =
  | { readonly what: string; readonly faults: readonly string[]; readonly says: string }
  | { readonly what: string; readonly faults: readonly []; readonly notChecked: string }

export interface ReportOptions {
  /** Whether a check that could not be made is a fault. */
  readonly mustCheckAll: boolean
}

/** A line for each check, one for each fault, and one that says it all: what was not checked among it. */
export function report(
  outcomes: readonly Outcome[],
  { mustCheckAll }: ReportOptions,
): { readonly text: string; readonly isPassed: boolean } {
  const notChecked = outcomes.filter((outcome) => 'notChecked' in outcome).map(({ what }) => what)
  const faults = outcomes.flatMap((outcome) => outcome.faults)
  const isPassed = faults.length === 0 && (notChecked.length === 0 || !mustCheckAll)
  const verdict = isPassed ? 'nothing wrong found' : `failed: ${count(faults.length)}`
  const but = notChecked.length === 0 ? '' : `; NOT CHECKED: ${notChecked.join(', ')}`
  const lines = [...outcomes.flatMap(linesOf), `supply chain: ${verdict}${but}`]
  return { text: `${lines.join('\n')}\n`, isPassed }
}

function linesOf(outcome: Outcome): string[] {
  const head = `${outcome.what}:`.padEnd(17)
  if ('notChecked' in outcome) return [`${head}not checked: ${outcome.notChecked}`]
  if (outcome.faults.length === 0) return [`${head}ok: ${outcome.says}`]
  return outcome.faults.map((fault) => `${head}error: ${fault}`)
}

function count(faults: number): string {
  return `${faults} ${faults === 1 ? 'fault' : 'faults'}`
}
