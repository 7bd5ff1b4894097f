import type { Result } from './run-targets.ts'

/** Between two lines about one target, in milliseconds. */
const sayEveryMs = 10_000
/** Most of an input that is shown, in characters; the file has all of it. */
const maxShown = 600

const saidMs = new Map<string, number>()

/** Says how far a target is, now and then. */
export function sayProgress(name: string, inputs: number, entries: number): void {
  const now = performance.now()
  if (inputs > 0 && now - (saidMs.get(name) ?? 0) < sayEveryMs) return
  saidMs.set(name, now)
  say(inputs === 0 ? `${name} …` : `${name}: ${inputs} inputs, ${entries} in the corpus`)
}

/** A table of the results, and each finding with the command that reads it again. */
export function sayResult(results: readonly Result[]): void {
  const rows = results.map((result) => [
    result.target,
    String(result.inputs),
    `${result.seconds} s`,
    String(result.entries),
    `${result.corpusPercent} %`,
    `${result.percent} %`,
    result.fault === undefined ? '' : 'FAULT',
  ])
  const head = ['target', 'inputs', 'time', 'corpus', 'reaches', 'reached', '']
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  for (const row of [head, ...rows])
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  const inputs = results.reduce((sum, result) => sum + result.inputs, 0)
  say(`${inputs} inputs of ${results.length} targets`)
  for (const { target, fault } of results) {
    if (fault === undefined) continue
    const shown = fault.input.length > maxShown ? `${fault.input.slice(0, maxShown)}…` : fault.input
    say(`\n${target}: ${fault.message}`)
    if (fault.stack !== '') say(fault.stack.split('\n').slice(-6).join('\n'))
    if (fault.replay !== undefined)
      say(`input of ${fault.bytes} bytes: ${shown}\nagain: ${fault.replay}`)
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
