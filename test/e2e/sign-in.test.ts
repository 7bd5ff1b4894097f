import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe } from 'node:test'
import { startEcho, target } from './echo-rig.ts'
import { peerTest } from './peers.ts'
import { exchange, personAt, untilEnded, type LocalPort } from './person.ts'
import { alice, bob } from './rig.ts'

describe('sign-in from the command line', () => {
  peerTest('ten first connections at once need one sign-in', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    const local = await person.listen(target)
    await exchangeAtOnce([local], 10)
    assert.equal(rig.idp.signInCount, 1)
    assert.equal((await person.browserStarts()).length, 1)
  })

  peerTest('two programs at once need one sign-in', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    const locals = await Promise.all([person.listen(target), person.listen(target)])
    await exchangeAtOnce(locals, 5)
    assert.equal(rig.idp.signInCount, 1)
    assert.equal((await person.browserStarts()).length, 1)
  })

  peerTest('the token outlives the program and a restart of the gateway', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    assert.equal((await person.pipe(target, 'one')).output, 'one')
    assert.equal(await rig.stop(), 0)
    await rig.start()
    const second = await person.pipe(target, 'two')
    assert.deepEqual([second.output, second.errors], ['two', ''])
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest('a running client finds the gateway again after its restart', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    const local = await person.listen(target)
    const before = await local.connect()
    assert.equal(await exchange(before, 'before'), 'before')
    before.end()
    await rig.stop()
    await rig.start()
    assert.equal(await exchange(await local.connect(), 'after'), 'after')
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest('a renewed session keeps its tunnel past the end of others', [], async (scope) => {
    const { rig, person } = await startEcho(scope, { cookie_expire: '20s' })
    const kept = await (await person.listen(target)).connect()
    assert.equal(await exchange(kept, 'one'), 'one')
    const other = await personAt(scope, rig, bob)
    const cut = await (await other.listen(target)).connect()
    assert.equal(await exchange(cut, 'two'), 'two')
    const { output, errors } = await person.run('login', '--renew', '--json')
    const { renewal, expires_at: end } = JSON.parse(output) as Record<string, string>
    assert.equal(renewal, 'prolonged', errors)
    assert.match(
      errors,
      /renewed the session at "https:\/\/localhost:\d+" as alice@example\.com until/,
    )
    const entry = await rig.lines.first((line) => line['message'] === 'session renewed')
    assert.deepEqual([entry['email'], entry['until']], [alice, end])
    // Began later than the one that was renewed.
    await untilEnded(cut)
    assert.equal(await exchange(kept, 'three'), 'three')
  })

  peerTest('each person is told apart', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    const other = await personAt(scope, rig, bob)
    await Promise.all([person.pipe(target, 'a'), other.pipe(target, 'b')])
    const { output } = await rig.postern('gateway', 'sessions', 'list', '--json')
    const { sessions } = JSON.parse(output) as { sessions: { email: string }[] }
    assert.deepEqual(sessions.map(({ email }) => email).sort(), [alice, bob])
  })

  peerTest('only the token is left behind, for its owner alone', [], async (scope) => {
    const { person } = await startEcho(scope)
    await person.pipe(target, 'hello')
    const files = await filesIn(person.home)
    assert.equal(files.length, 1, files.join(', '))
    const [token = ''] = files
    assert.match(
      relative(person.home, token),
      /^\.cache\/postern\/tokens\/localhost-[0-9a-f]+\.jwt$/,
    )
    assert.equal((await stat(token)).mode & 0o777, 0o600)
    const folder = join(person.home, '.cache', 'postern', 'tokens')
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
  })

  peerTest(
    'the gateway keeps its state in its own directory, closed to others',
    [],
    async (scope) => {
      const { rig, person } = await startEcho(scope)
      await person.pipe(target, 'hello')
      const state = join(rig.home, '.state', 'postern', 'gateway')
      assert.equal((await stat(state)).mode & 0o777, 0o700)
      const elsewhere = (await filesIn(rig.home)).filter((path) => !path.startsWith(state))
      assert.deepEqual(elsewhere.map((path) => relative(rig.home, path)).sort(), [
        'cert.pem',
        'key.pem',
        'postern.yaml',
      ])
    },
  )

  peerTest(
    'what was decided and revoked is kept, and read when no gateway runs',
    [],
    async (scope) => {
      const { rig, person } = await startEcho(scope)
      const local = await person.listen(target)
      assert.equal(await exchange(await local.connect(), 'hello'), 'hello')
      await rig.postern('gateway', 'sessions', 'revoke', alice)
      await rig.stop()
      const { output } = await rig.postern('gateway', 'audit', 'list', '--json')
      const entries = output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const decision = entries.find(({ kind, email }) => kind === 'decision' && email === alice)
      assert.deepEqual(
        [decision?.['host'], decision?.['allow'], decision?.['ip']],
        [target, true, '127.0.0.1'],
      )
      assert.ok(entries.some(({ event }) => event === 'sessions revoked'))
      const { output: table } = await rig.postern('gateway', 'audit', 'list', '--kind', 'decision')
      assert.match(table, /^TIME +KIND +WHO +FROM +WHAT\n/)
      assert.match(table, new RegExp(`decision +${alice} +127\\.0\\.0\\.1 +allowed ${target}`))
      assert.doesNotMatch(table, /revoked/)
    },
  )

  peerTest('no token or code is logged or printed', [], async (scope) => {
    const { rig, person } = await startEcho(scope, { log_level: 'debug' })
    const local = await person.listen(target, '--log-format', 'json')
    assert.equal(await exchange(await local.connect(), 'hello'), 'hello')
    const [path = ''] = await filesIn(person.home)
    const token = await readFile(path, 'utf8')
    assert.ok(token.length > 40)
    const sessions = await rig.postern('gateway', 'sessions', 'list')
    const said = [
      rig.lines.text(),
      rig.child().errors(),
      local.child.output(),
      local.child.errors(),
    ]
    for (const text of [...said, sessions.output, sessions.errors]) {
      for (const secret of [token, ...token.split('.').slice(1), rig.idp.clientSecret]) {
        assert.ok(!text.includes(secret))
      }
    }
    assert.doesNotMatch(rig.lines.text(), /[?&](?:code|state|pomerium_signature)=(?!\[)[^"&]{4}/)
  })
})

/** Opens that many connections to each port before any of them is served, and uses them all. */
async function exchangeAtOnce(locals: readonly LocalPort[], amount: number): Promise<void> {
  const connecting = locals.flatMap((local) =>
    Array.from({ length: amount }, () => local.connect()),
  )
  const sockets = await Promise.all(connecting)
  const answers = await Promise.all(
    sockets.map((socket, index) => exchange(socket, `connection ${index}`)),
  )
  assert.deepEqual(
    answers,
    sockets.map((_, index) => `connection ${index}`),
  )
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}
