import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSandbox, runPostern } from './program.ts'

const options = { timeout: 120_000, skip: process.platform !== 'linux' }

test('a daemon whose connection is not there says so and ends', options, async () => {
  await using sandbox = await createSandbox()
  const env = { ...sandbox.env, HOME: sandbox.path, DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
  const ended = await runPostern(['up', '--foreground', 'no such one'], { env })
  assert.match(ended.stderr, /error: there is no connection "no such one"/)
  assert.equal(ended.code, 2, ended.stderr)
  assert.equal(existsSync(join(sandbox.path, '.local/state/postern/desktop/daemon.sock')), false)
})

test('a home that cannot be used is named, with what to do', options, async () => {
  await using sandbox = await createSandbox()
  for (const args of [['up'], ['up', '--foreground']]) {
    const ended = await runPostern(args, { env: { ...sandbox.env, HOME: '/dev/null/home' } })
    assert.match(ended.stderr, /error: cannot make the directory "\/dev\/null\/home\/.*: ENOTDIR/)
    assert.match(ended.stderr, /hint: set HOME or XDG_STATE_HOME/)
    assert.equal(ended.code, 8, ended.stderr)
  }
})

test('a path that is too long for a socket is named, with what to do', options, async () => {
  await using sandbox = await createSandbox()
  const home = join(sandbox.path, 'x'.repeat(100))
  for (const command of ['up', 'status', 'down']) {
    const ended = await runPostern([command], { env: { ...sandbox.env, HOME: home } })
    assert.match(ended.stderr, /daemon\.sock" is too long for a socket\n {2}hint: .*XDG_STATE_HOME/)
    assert.equal(ended.code, 8, ended.stderr)
  }
})
