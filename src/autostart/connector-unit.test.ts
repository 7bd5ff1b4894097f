import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runProgram } from '../program.fixture.ts'
import { connectorUnit, isConnectorUnit } from './connector-unit.ts'
import { quoteArgument, quoteProgram } from './quote-argument.ts'

const unit = connectorUnit({
  program: [process.execPath],
  options: ['--url', 'tcp://localhost:5432', '--grace-period', '90s'],
  tokenFile: '/etc/postern/postern-tunnel.token',
  gracePeriodMs: 90_000,
})

const lines = unit.split('\n')

test('the end may take the whole grace period, and the start for ever', () => {
  assert.ok(lines.includes('TimeoutStopSec=100s'))
  assert.ok(lines.includes('TimeoutStartSec=infinity'))
})

test('the token stands neither in the unit nor in the command line', () => {
  const start = lines.find((line) => line.startsWith('ExecStart=')) ?? ''
  assert.match(
    start,
    / tunnel run --token-file \$\{CREDENTIALS_DIRECTORY\}\/token --url tcp:\/\/localhost:5432 /,
  )
  assert.ok(lines.includes('LoadCredential=token:/etc/postern/postern-tunnel.token'))
})

test('a child may say that it is ready', () => {
  assert.ok(lines.includes('Type=notify'))
  assert.ok(lines.includes('NotifyAccess=all'))
})

test('it is told apart from a unit of somebody else', () => {
  assert.ok(isConnectorUnit(unit))
  assert.ok(!isConnectorUnit('[Unit]\nDescription=Postern connector\n'))
})

test('the program of a line has no variables', () => {
  assert.equal(quoteProgram('/opt/50% off $HOME/node'), '"/opt/50%% off $HOME/node"')
})

test('an argument is itself, whatever is in it', () => {
  assert.equal(quoteArgument('tcp://localhost:5432'), 'tcp://localhost:5432')
  assert.equal(quoteArgument('/my folder/c.yml'), '"/my folder/c.yml"')
  assert.equal(quoteArgument('100%$HOME'), '100%%$$HOME')
  assert.equal(quoteArgument('a"b\\c\n'), '"a\\"b\\\\c\\x0a"')
  assert.equal(quoteArgument(''), '""')
})

test('systemd finds nothing wrong with it', async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-unit-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'postern-tunnel.service')
  await writeFile(path, unit)
  const verify = ['verify', '--recursive-errors=yes', '--man=no', path]
  const found = await runProgram('systemd-analyze', verify).catch((error: unknown) => {
    if (process.env['CI'] === 'true') throw error
    return undefined
  })
  if (found === undefined) return t.skip('systemd-analyze is not installed')
  assert.equal(found.stderr, '')
  assert.equal(found.code, 0)
})
