import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPersonThere } from './client-for.ts'

const plain = { logFormat: 'human' } as const

test('somebody is there who has a terminal and a browser, and asked for nothing else', () => {
  const there = (env: Record<string, string>, platform: NodeJS.Platform): boolean =>
    isPersonThere(plain, true, env, platform)
  assert.ok(there({ DISPLAY: ':0' }, 'linux'))
  assert.ok(there({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'))
  assert.ok(there({}, 'darwin') && there({}, 'win32'))
  assert.ok(isPersonThere({ ...plain, browserCmd: 'firefox' }, true, {}, 'linux'))
})

test('no script, no pipeline and nobody behind ssh is held up', () => {
  const env = { DISPLAY: ':0' }
  assert.ok(!isPersonThere(plain, false, env, 'linux'), 'Ansible, cron, CI')
  assert.ok(!isPersonThere(plain, true, {}, 'linux'), 'a server')
  assert.ok(!isPersonThere(plain, true, { SSH_CONNECTION: '1 2 3 4' }, 'darwin'))
  assert.ok(!isPersonThere({ ...plain, deviceLogin: true }, true, env, 'linux'))
  assert.ok(!isPersonThere({ logFormat: 'json' }, true, env, 'linux'))
})
