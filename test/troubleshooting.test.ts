import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { doctorSteps } from '../src/client/doctor/options.ts'

const root = join(import.meta.dirname, '..')
/** Lines of what says the words that people look up in the table, without comments. */
const sources = globSync(['src/{client/doctor,reach}/*.ts', 'src/net/dial.ts'], { cwd: root })
  .filter((path) => !/\.(?:test|suite|fixture)\.ts$/.test(path))
  .flatMap((path) => readFileSync(join(root, path), 'utf8').split('\n'))
  .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
const page = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8')
const rows = [...page.matchAll(/^\| (.*?) +\| (.*?) +\| (.*?) +\|$/gm)]
  .map(([, seen = '', run = '', step = '']) => ({ seen, run, step }))
  .filter(({ run }) => run.includes('`postern'))

test('what the table of troubles quotes is what clients say', () => {
  const phrases = rows.flatMap(({ seen }) =>
    [...seen.matchAll(/"(.*?)"/g)].map(([, it = '']) => it),
  )
  assert.ok(phrases.length > 12, `only ${phrases.length} phrases`)
  const unsaid = phrases.filter((phrase) => {
    const parts = phrase.split(' … ')
    return !sources.some((line) => {
      const [first = -1, ...others] = parts.map((part) => line.indexOf(part))
      return first >= 0 && others.every((at) => at > first)
    })
  })
  assert.deepEqual(unsaid, [])
})

test('the steps of the table are those of "postern doctor", in their order', () => {
  const named = rows.flatMap(({ step }) => /^`([a-z-]+)`: /.exec(step)?.[1] ?? [])
  assert.deepEqual(
    [...new Set(named)],
    doctorSteps.filter((step) => step !== 'routes'),
  )
})
