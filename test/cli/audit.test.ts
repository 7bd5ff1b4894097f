import assert from 'node:assert/strict'
import { appendFile, cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { createTestOperations } from '../../src/control/operations.fixture.ts'
import { startControl } from '../../src/control/server.ts'
import { openAuditSearch } from '../../src/gateway/audit-search.ts'
import { silentLogger } from '../../src/log.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { stateFiles } from '../../src/store/state-directory.ts'
import { formatVerifierKey } from '../../src/telemetry/audit/signed-note.ts'
import { openTestLog } from '../../src/telemetry/audit/verify/tamper.fixture.ts'
import { createSandbox, runPostern } from './program.ts'

test('postern audit verify says what is good, names what is not, and ends with a code of its own', async (t) => {
  await using sandbox = await createSandbox()
  const log = await openTestLog(t)
  await log.write(20)
  const checkpoint = join(sandbox.path, 'kept.txt')
  await writeFile(checkpoint, (await log.checkpoints.sign()) ?? '')
  const key = join(sandbox.path, 'gateway.vkey')
  await writeFile(key, `${formatVerifierKey(log.verifierKey)}\n`)
  const verify = (...args: string[]) =>
    runPostern(['audit', 'verify', log.directory, ...args], { env: sandbox.env })
  const good = await verify('--key', key, '--checkpoint', checkpoint)
  assert.equal(good.code, 0, good.stderr)
  assert.match(good.stdout, /^decisions +21 +1 to 21 +0 +21 +0 +good$/m)
  assert.match(
    good.stderr,
    /the last checkpoint is of 2026-01-01T00:00:00.000Z, signed by "gateway/,
  )
  assert.match((await verify()).stderr, /compare it with one that was kept elsewhere/)

  const [name = ''] = (await readdir(log.directory)).filter((it) => it.endsWith('.jsonl'))
  const path = join(log.directory, name)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('"r3"', '"r\u001b4"'))
  const changed = await verify('--json')
  const { ok, faults } = JSON.parse(changed.stdout)
  assert.deepEqual(
    [changed.code, ok, faults[0].what, faults[0].seq, faults[0].line],
    [12, false, 'changed', 5, 5],
  )
  const said = await verify()
  assert.match(
    said.stdout,
    new RegExp(
      `^${name}:5: changed: decisions record 5 at the line of .*: record 5 is not what was written$`,
      'm',
    ),
  )
  assert.ok(!said.stdout.includes('\u001b'))

  await writeFile(path, `${text}{"series":"decisions","seq":22`)
  const half = await verify()
  assert.equal(half.code, 0, half.stdout)
  assert.match(
    half.stderr,
    /^at the end of "decisions" stand 30 bytes of a record that is not whole/m,
  )

  await writeFile(path, text.slice(0, text.indexOf('\n', text.indexOf('"r9"')) + 1))
  const cut = await verify('--checkpoint', checkpoint)
  assert.match(cut.stdout, /truncated: decisions record 12 .*: records 12 to 21 are missing/)
})

test('an audit log that is not there is no empty one', async () => {
  await using sandbox = await createSandbox()
  const commands = ['export', 'verify', 'checkpoint', 'key'].map((command) => ['audit', command])
  for (const command of [...commands, ['gateway', 'audit', 'list']]) {
    const words = [...command, '--state-directory', join(sandbox.path, 'nowhere')]
    const { code, stdout, stderr } = await runPostern(words, { env: sandbox.env })
    assert.deepEqual([code, stdout], [8, ''], command.join(' '))
    assert.match(stderr, /error: there is no audit log at ".*nowhere.audit"\n {2}hint: name /)
  }
})

test('an audit log that cannot be reached is told from one that is not there', async () => {
  await using sandbox = await createSandbox()
  const file = join(sandbox.path, 'file')
  await writeFile(file, '')
  for (const command of ['export', 'verify']) {
    const words = ['audit', command, '--state-directory', file]
    const { code, stdout, stderr } = await runPostern(words, { env: sandbox.env })
    assert.deepEqual([code, stdout], [8, ''], command)
    assert.match(stderr, /error: cannot read ".*file.audit": ENOTDIR.*\n {2}hint: run this as /)
  }
})

test('postern audit verify needs records, and keys that are keys', async (t) => {
  await using sandbox = await createSandbox()
  const log = await openTestLog(t)
  const missing = await runPostern(['audit', 'verify', join(log.directory, 'nowhere')], {
    env: sandbox.env,
  })
  assert.equal(missing.code, 8)
  assert.match(
    missing.stderr,
    /cannot read ".*nowhere": there is no such file\n {2}hint: name a dir/,
  )
  await log.write(1)
  const noKey = await runPostern(
    [
      'audit',
      'verify',
      log.directory,
      '--key',
      join(log.directory, 'decisions-2026-01-01-0001.jsonl'),
    ],
    { env: sandbox.env },
  )
  assert.equal(noKey.code, 2)
  assert.match(noKey.stderr, /holds no public key of a gateway/)
})

test('postern audit export prints nothing that a terminal obeys, whoever wrote it there', async (t) => {
  await using sandbox = await createSandbox()
  const log = await openTestLog(t)
  await log.write(1)
  const [file = ''] = (await readdir(log.directory)).filter((name) => name.endsWith('.jsonl'))
  await appendFile(join(log.directory, file), '{"x":"\u001b]0;owned\u0007\u202e"}\n')
  const state = join(sandbox.path, 'state')
  await cp(log.directory, join(state, 'audit'), { recursive: true })
  const { code, stdout } = await runPostern(['audit', 'export', '--state-directory', state], {
    env: sandbox.env,
  })
  assert.equal(code, 0)
  assert.match(stdout, /owned/)
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})

test('postern audit search finds by person, text, outcome and time, newest first, and says when there is more', async (t) => {
  await using gateway = await startSearch(t)
  // The decisions of the log are a second apart, and of every third it is refused.
  await gateway.log.write(9)
  await gateway.found(10)
  const all = await gateway.search('--kind', 'decision')
  assert.equal(all.code, 0, all.stderr)
  const [head = '', ...rows] = all.stdout.trimEnd().split('\n')
  assert.match(head, /^TIME +KIND +WHO +FROM +ROUTE +OUTCOME +WHAT$/)
  assert.equal(rows.length, 9)
  assert.match(
    rows[0] ?? '',
    /^2026-01-01 00:00:08 UTC +decision +alice@example.com +203.0.113.8 +ssh "front" \{door\} +allowed +authorize check$/,
  )
  assert.equal(all.stderr, '')
  const idsOf = async (...args: string[]): Promise<unknown[]> => {
    const { stdout } = await gateway.search('--json', ...args)
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['request-id'])
  }
  assert.deepEqual(await idsOf('--who', 'BOB@example.com'), ['r5', 'r1'])
  assert.deepEqual(await idsOf('--outcome', 'refused'), ['r6', 'r3', 'r0'])
  assert.deepEqual(await idsOf('0.113.7'), ['r7'])
  assert.deepEqual(await idsOf('--request-id', 'r2'), ['r2'])
  assert.deepEqual(
    await idsOf('--since', '2026-01-01T00:00:05Z', '--until', '2026-01-01T00:00:07Z'),
    ['r6', 'r5'],
  )
  const [first, ...more] = await idsOf('--kind', 'decision', '--limit', '2')
  assert.deepEqual([first, more], ['r8', ['r7']])
  assert.match(
    (await gateway.search('--limit', '2')).stderr,
    /there are more than these 2: see --limit/,
  )
  const none = await gateway.search('--who', 'nobody@example.com')
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.match(none.stderr, /there is no such record/)
})

test('postern audit search goes on over the pages of an answer, and obeys nothing that a record says', async (t) => {
  await using gateway = await startSearch(t)
  await gateway.log.files.append('strangers', [
    JSON.stringify({
      time: '2026-01-02T00:00:00.000Z',
      kind: 'sign-in',
      event: 'sign-in failed \u001b]0;x\u0007\nall is well',
    }),
  ])
  await gateway.log.write(1_200)
  await gateway.found(1_203)
  const found = await gateway.search('--kind', 'decision', '--limit', '1100')
  assert.equal(found.stdout.trimEnd().split('\n').length, 1 + 1_100)
  assert.match(found.stderr, /more than these 1100/)
  const odd = await gateway.search('all is well')
  assert.equal(odd.stdout.trimEnd().split('\n').length, 2)
  assert.ok(!odd.stdout.includes('\u001b') && !odd.stdout.includes('\u0007'))
})

test('postern audit search needs a gateway that runs, and says what words it knows', async () => {
  await using sandbox = await createSandbox()
  const run = (...args: string[]) =>
    runPostern(['audit', 'search', '--state-directory', sandbox.path, ...args], {
      env: sandbox.env,
    })
  const nobody = await run()
  assert.notEqual(nobody.code, 0)
  assert.match(nobody.stderr, /no gateway|not running|does not run/)
  const kind = await run('--kind', 'decisions')
  assert.equal(kind.code, 2)
  assert.match(kind.stderr, /decision, /)
  assert.equal((await run('--limit', '0')).code, 2)
})

/** What of a gateway answers a search, over a log of the test's own. */
async function startSearch(t: TestContext) {
  const sandbox = await createSandbox()
  const log = await openTestLog(t)
  const store = await openSqliteStore(':memory:')
  const auditSearch = openAuditSearch({
    directory: log.directory,
    files: log.files,
    store,
    clock: systemClock,
    logger: silentLogger,
  })
  const { operations, logger } = createTestOperations({ auditSearch })
  const socket = join(sandbox.path, stateFiles.controlSocket)
  const control = await startControl(socket, { operations, logger })
  return {
    log,
    /** Resolves when so many records are in the index: on a busy machine that takes longer than a search waits. */
    async found(records: number): Promise<void> {
      while ((await store.auditIndex.search({}, records)).length < records)
        await auditSearch.caughtUp()
    },
    search: (...args: string[]) =>
      runPostern(['audit', 'search', '--state-directory', sandbox.path, ...args], {
        env: sandbox.env,
      }),
    async [Symbol.asyncDispose]() {
      await control.close(0)
      await auditSearch.close()
      await store.close()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}
