import assert from 'node:assert/strict'

import { readPolicyText } from '../../src/policy/editor/policy-text.ts'
import { parseDuration, formatDuration } from '../../src/clock.ts'
import { parseMoment, parseTimeOfDay } from '../../src/policy/time/texts.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'policies in both languages, by whoever may edit them in the console',
  covers: [
    'policy/editor/policy-text.ts',
    'policy/language/parse.ts',
    'policy/language/shorthand.ts',
    'policy/cloudflare/parse.ts',
    'policy/cloudflare/selectors.ts',
    'policy/matchers/string.ts',
    'policy/matchers/string-list.ts',
    'policy/criteria/client-certificate.ts',
    'policy/criteria/email.ts',
    'policy/criteria/date.ts',
    'policy/criteria/time-of-day.ts',
    'policy/criteria/day-of-week.ts',
    'policy/criteria/source-ip.ts',
    'policy/time/texts.ts',
    'policy/time/data.ts',
    'policy/criteria/claim.ts',
    'policy/criteria/groups.ts',
    'policy/language/compile.ts',
    'policy/language/disjoint.ts',
  ],
  maxBytes: 3_072,
  tokens: [
    '- allow:\n    or:\n      - domain:\n          is: example.com\n',
    '- deny:\n    and:\n      - email:\n          is: a@b.example\n',
    '- action: allow\n  include:\n    - email: {email: a@b.example}\n',
    'everyone: {}',
    'claim/groups: x',
    'source_ip: 10.0.0.0/8',
    'groups: {has: x}',
    'date: {after: 2026-01-01T00:00:00Z}',
    'time_of_day: {timezone: UTC, after: "9:00"}',
    'day_of_week: Mon-Fri',
    'accept: true',
    'not',
    'nor',
    '&a ',
    '*a',
    '[',
    '{',
    'session_duration: 24h',
  ],
  run(input) {
    const text = input.toString('utf8')
    const lines = text.split('\n')
    const kinds = (['policy', 'policies'] as const).map((form) => {
      const read = readPolicyText(text, form)
      if (!('problems' in read)) {
        // What was read as JSON says the same.
        const again = readPolicyText(JSON.stringify(read.document ?? null), form)
        assert.ok(!('problems' in again), 'is read no more when it is written as JSON')
        assert.deepEqual(again.document ?? null, JSON.parse(JSON.stringify(read.document ?? null)))
        return 'read'
      }
      assert.ok(read.problems.length > 0 && read.problems.length <= 100)
      for (const { line, column, endLine, endColumn, message } of read.problems) {
        assert.ok(line >= 1 && line <= lines.length + 1, `line ${line} of ${lines.length}`)
        assert.ok(column >= 1 && endLine >= line && endColumn > column)
        assert.ok(message.length > 0)
      }
      return 'faults'
    })
    return `${kinds.join(' ')} ${times(text.trim())}`
  },
}

function times(text: string): string {
  const [moment, time, duration] = [parseMoment(text), parseTimeOfDay(text), parseDuration(text)]
  if (moment !== undefined) assert.ok(Number.isFinite(moment))
  if (time !== undefined) assert.ok(time >= 0 && time <= 86_400_000)
  if (duration !== undefined) {
    assert.ok(Number.isFinite(duration) && duration >= 0, String(duration))
    assert.equal(parseDuration(formatDuration(duration)) !== undefined, true)
  }
  return [moment, time, duration].map((it) => (it === undefined ? '-' : '+')).join('')
}
