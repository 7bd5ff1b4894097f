import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A record of the audit log. */
export type AuditRecord = Readonly<Record<string, unknown>> & { readonly event: string }

/** Records of the audit log that have to be there, by what they say. */
export interface Records {
  /** One more with this event, and in it each of these values, at whatever place. */
  expect(event: string, ...values: readonly string[]): void
  /**
   * The same of a change that was not answered, and came about: it has its record, or is named among those of the last moments by
   * `change`, as the feed of the database names it.
   */
  expectUnanswered(change: string, event: string, ...values: readonly string[]): void
  /** Nothing that was changed may say this. */
  forbid(event: string, value: string): void
  /** How many were expected so far. */
  readonly count: number
  /** Reads what was written since, and holds it to what was expected. */
  check(directory: string): Promise<void>
}

interface Expected {
  readonly event: string
  readonly values: readonly string[]
  times: number
  /** How many of them were never answered, and what the last of these is called. */
  unanswered: number
  change: string
}

/** What a start says of the last moments before a kill. */
const lastMoments = 'changes before an end without notice'

export function createRecords(): Records {
  const expected = new Map<string, Expected>()
  const forbidden: { readonly event: string; readonly value: string }[] = []
  let count = 0

  function expect(event: string, values: readonly string[]): Expected {
    const key = JSON.stringify([event, ...values])
    const one = expected.get(key) ?? { event, values, times: 0, unanswered: 0, change: '' }
    one.times += 1
    count += 1
    expected.set(key, one)
    return one
  }

  return {
    get count() {
      return count
    },
    expect: (event, ...values) => void expect(event, values),
    expectUnanswered(change, event, ...values) {
      const one = expect(event, values)
      one.unanswered += 1
      one.change = change
    },
    forbid: (event, value) => void forbidden.push({ event, value }),
    async check(directory) {
      const byEvent = await readByEvent(directory)
      const found = (event: string, values: readonly string[]): number =>
        (byEvent.get(event) ?? []).filter((all) => values.every((it) => all.has(it))).length
      const told = (byEvent.get(lastMoments) ?? []).flatMap((all) => [...all])
      const missing = [...expected.values()].filter(
        ({ event, values, times, unanswered, change }) => {
          const lacking = times - found(event, values)
          const isTold = unanswered > 0 && told.some((it) => it.startsWith(change))
          return lacking > (isTold ? unanswered : 0)
        },
      )
      assert.deepEqual(
        missing.map((it) => ({ ...it, found: found(it.event, it.values) })),
        [],
        'changes without a record of their own',
      )
      const wrong = forbidden.filter(({ event, value }) => found(event, [value]) > 0)
      assert.deepEqual(wrong, [], 'records of what was never changed')
    },
  }
}

/** The values of each record, by its event. Half of a line is nothing that may be there. */
async function readByEvent(directory: string): Promise<ReadonlyMap<string, Set<string>[]>> {
  const byEvent = new Map<string, Set<string>[]>()
  for (const name of (await readdir(directory)).filter((it) => it.endsWith('.jsonl'))) {
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n')
    // What stands behind the last newline may be being written.
    for (const line of lines.slice(0, -1)) {
      const record = JSON.parse(line) as AuditRecord
      const all = byEvent.get(record.event) ?? []
      all.push(valuesIn(record))
      byEvent.set(record.event, all)
    }
  }
  return byEvent
}

/** Every text in a record, and in the JSON that a text is. */
function valuesIn(value: unknown, into = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    into.add(value)
    if (value.startsWith('{')) valuesIn(parsed(value), into)
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) valuesIn(item, into)
  }
  return into
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
