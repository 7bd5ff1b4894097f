import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createDaemonClient } from '../../src/desktop/api/ask-daemon.ts'
import { createSandbox, runPostern, startPostern } from './program.ts'

const options = { timeout: 120_000, skip: process.platform !== 'linux' }

test('a daemon whose connection is not there says so and ends', options, async () => {
  await using sandbox = await createSandbox()
  const env = { ...sandbox.env, HOME: sandbox.path, DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
  const ended = await runPostern(['up', '--foreground', 'no such one'], { env })
  assert.match(ended.stderr, /error: there is no connection "no such one"/)
  assert.equal(ended.code, 2, ended.stderr)
  assert.equal(existsSync(join(sandbox.path, '.local/state/postern/desktop/daemon.sock')), false)
})

test(
  'a daemon that starts with the session leaves its work to one that runs',
  options,
  async (t) => {
    await using sandbox = await createSandbox()
    const env = { ...sandbox.env, HOME: sandbox.path, DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
    const onDemand = startPostern(['up', '--daemon'], { env })
    t.after(() => onDemand.child.kill('SIGKILL'))
    await onDemand.untilStderr(/"ready"/)
    const client = createDaemonClient(
      join(sandbox.path, '.local/state/postern/desktop/daemon.sock'),
    )
    const add = (name: string, start_at_launch: boolean) =>
      client.ask('POST /connections', { name, destination: `${name}.corp:5432`, start_at_launch })
    await add('marked', true)
    await add('other', false)
    const second = await runPostern(['up', '--foreground'], { env })
    assert.equal(second.code, 0, second.stderr)
    assert.match(second.stderr, /runs already: it stays, and brings up what starts at launch/)
    const { pid, connections } = await client.ask('GET /state')
    assert.equal(pid, onDemand.child.pid)
    const up = connections.filter(({ is_up }) => is_up)
    assert.deepEqual(
      up.map(({ settings }) => settings.name),
      ['marked'],
    )
    // What was asked for by name is in the foreground, or nowhere.
    const asked = await runPostern(['up', '--foreground', 'other'], { env })
    assert.equal(asked.code, 8, asked.stderr)
    assert.match(asked.stderr, /error: another daemon of yours runs already/)
    await client.ask('POST /quit')
    assert.equal((await onDemand.ended).code, 0)
  },
)

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
