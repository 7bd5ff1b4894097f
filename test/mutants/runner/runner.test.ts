import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { runProgram } from '../../../src/program.fixture.ts'
import {
  declaredBy,
  describe as describeOnce,
  test as testOnce,
  type Context,
} from './node-test.ts'

test('tests are kept as they are declared, under names of their own, and run as often as is asked', async () => {
  const ran: string[] = []
  const load = () =>
    declaredBy('a.test.ts', async () => {
      testOnce('one', () => void ran.push('one'))
      testOnce('one', { timeout: 1 }, () => void ran.push('other'))
      describeOnce('part', () => testOnce('one', () => void ran.push('part')))
      testOnce('last', () => assert.fail('no'))
    })
  const tests = await load()
  const ids = [
    'a.test.ts > one',
    'a.test.ts > one (2)',
    'a.test.ts > part > one',
    'a.test.ts > last',
  ]
  assert.deepEqual(
    tests.map(({ id }) => id),
    ids,
  )
  assert.deepEqual(
    (await load()).map(({ id }) => id),
    ids,
  )
  assert.deepEqual(ran, [])
  for (const one of tests.slice(0, 3)) await one.run()
  await tests[0]?.run()
  assert.deepEqual(ran, ['one', 'other', 'part', 'one'])
  await assert.rejects(async () => tests[3]?.run(), { message: 'no' })
})

test('what a test has opened is closed and what it has mocked is put back, where it fails, too', async () => {
  const thing = { name: () => 'real' }
  let closed = 0
  const body = ({ after, mock }: Context): never => {
    after(() => (closed += 1))
    mock.method(thing, 'name', () => 'mocked')
    assert.equal(thing.name(), 'mocked')
    throw new Error('no')
  }
  const [one] = await declaredBy('b.test.ts', async () => testOnce('fails', body))
  await assert.rejects(async () => one?.run(), { message: 'no' })
  assert.deepEqual([closed, thing.name()], [1, 'real'])
})

/** Its source looks at the mutant that is on, as one does that Stryker has changed. */
const source = `
const on = () => globalThis.__stryker__.activeMutant
const factor = on() === 'constant' ? 3 : 2
let seen = 0
export function double(value: number): number {
  if (on() === 'leftover') seen += 1
  return on() === 'result' || seen > 0 ? 0 : value * factor
}
`
const tests = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { double } from './double.ts'

test('twice', () => assert.equal(double(2), 4))
`
const script = (plugin: string): string => `
const [{ factory }] = (await import(${JSON.stringify(plugin)})).strykerPlugins
const runner = factory({ inProcess: { testFiles: ['src/double.test.ts'] } })
runner.init()
const { tests } = await runner.dryRun()
const statuses = [tests.map(({ status }) => status).join()]
for (const id of ['none', 'result', 'none', 'leftover', 'none', 'constant', 'none-anew']) {
  const isStatic = id === 'constant' || id === 'none-anew'
  const run = { activeMutant: { id }, mutantActivation: isStatic ? 'static' : 'runtime', reloadEnvironment: isStatic }
  statuses.push(id + ' ' + (await runner.mutantRun(run)).status)
}
console.log(statuses.join('\\n'))
`

test('what changes nothing survives, also behind a mutant that is killed or leaves something behind', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-mutants-'))
  t.after(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'src'))
  await writeFile(join(directory, 'src', 'double.ts'), source)
  await writeFile(join(directory, 'src', 'double.test.ts'), tests)
  const plugin = pathToFileURL(join(import.meta.dirname, 'plugin.ts')).href
  const args = ['--input-type=module', '--eval', script(plugin)]
  const { stdout, stderr } = await runProgram(process.execPath, args, { cwd: directory })
  assert.equal(stderr, '')
  assert.deepEqual(stdout.trim().split('\n'), [
    '0',
    'none survived',
    'result killed',
    'none survived',
    'leftover killed',
    'none survived',
    'constant killed',
    'none-anew survived',
  ])
})
