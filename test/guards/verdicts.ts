// A reporter for `node --test-reporter`: what became of each test, a line of JSON for each.
import type { TestEvent } from 'node:test/reporters'

/** What became of one test. */
export interface Verdict {
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** The first line of what a failed one said. */
  readonly said: string
}

export default async function* verdicts(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === 'test:fail') {
      const { error } = event.data.details
      const { message } = error.cause instanceof Error ? error.cause : error
      yield lineOf({ title: event.data.name, outcome: 'failed', said: firstLine(message) })
    }
    if (event.type === 'test:pass') {
      const { name, skip = false } = event.data
      yield lineOf({ title: name, outcome: skip === false ? 'passed' : 'skipped', said: '' })
    }
  }
}

const lineOf = (verdict: Verdict): string => `${JSON.stringify(verdict)}\n`

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
