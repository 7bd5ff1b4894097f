import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adviceOnCommand, adviceOnOption, variablesWithoutEffect } from './cloudflared-words.ts'

test('variables that are set and would have done something are named, each with what to do instead', () => {
  const env = { TUNNEL_LOGFILE: '/x', TUNNEL_BASTION: '', TUNNEL_TOKEN: 't', TUNNEL_PIDFILE: 'p' }
  const found = variablesWithoutEffect(env)
  assert.deepEqual(
    found.map(({ variable }) => variable),
    ['TUNNEL_PIDFILE', 'TUNNEL_LOGFILE'],
  )
  assert.ok(found.every(({ hint }) => hint !== ''))
})

test('only commands that take the options of cloudflared have advice on them', () => {
  assert.match(adviceOnOption('postern access tcp', '--connect-to') ?? '', /--gateway/)
  for (const [command, option] of [
    ['postern tcp', '--edge'],
    ['postern gateway', '-o'],
    ['postern tunnel', '--unknown'],
    ['postern tunnel', 'toString'],
  ] as const)
    assert.equal(adviceOnOption(command, option), undefined)
  assert.equal(adviceOnCommand('postern tunnel toString'), undefined)
})
