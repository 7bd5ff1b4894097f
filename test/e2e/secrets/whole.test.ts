import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { personAt } from '../person.ts'
import { publisherAt, siteFor } from '../publisher.ts'
import { alice, bob, route, startRig } from '../rig.ts'
import { inScope, type Scope } from '../scope.ts'
import { echo, startService } from '../services.ts'
import type { SecretKind } from './collected.ts'

const target = 'echo.example.com:7'

/** What is met on the way, besides what every sign-in leaves. */
const met: readonly SecretKind[] = [
  'client secret',
  'connector credential',
  'gateway key',
  'private key',
  'provider token',
  'service account credential',
  'session token',
]

/** People, a publisher, a connector and a service account, each with what they do, against one gateway. */
async function useEverything(scope: Scope): Promise<void> {
  scope.secrets.expect(...met)
  const service = await startService(scope, echo)
  const mine = { administrators: [alice], ...(await siteFor(scope, 'site.com', alice)) }
  const robot = { policy: [{ allow: { or: [{ user: { is: 'robot' } }] } }] }
  const forRobot = { ...route('robot.example.com:7', service), ...robot }
  const rig = await startRig(scope, [route(target, service, [bob]), forRobot], mine)
  const person = await personAt(scope, rig, bob)
  for (const [to, code] of [
    [target, 0],
    ['unknown.example.com:7', 2],
  ] as const) {
    const { ending, output, errors } = await person.pipe(to, 'hello')
    assert.equal(ending === 0, code === 0, errors)
    assert.equal(output, code === 0 ? 'hello' : '')
  }

  const publisher = await publisherAt(scope, rig, alice, 'lab')
  await publisher.startConnector(
    'run',
    '--token-file',
    publisher.tokenFile,
    '--url',
    `tcp://127.0.0.1:${service}`,
  )

  const control = ['-c', rig.configPath]
  const token = join(scope.directory, 'robot.token')
  for (const command of [
    ['service-account', 'create', 'robot', '--output', token, ...control],
    ['gateway', 'sessions', 'list', ...control],
    ['gateway', 'connectors', 'list', ...control],
    ['gateway', 'keys', 'rotate', ...control],
    ['gateway', 'audit', 'list', ...control],
  ]) {
    const { ending, errors } = await rig.postern(...command)
    assert.equal(ending, 0, errors)
  }
  const account = ['--service-account-file', token]
  const { output } = await person.pipe('robot.example.com:7', 'hello', ...account)
  assert.equal(output, 'hello')
}

test('no secret is in a log, metric, record, page, argument list or environment, whatever is used', async (t) => {
  await inScope(useEverything, (text) => t.diagnostic(text), true)
})
