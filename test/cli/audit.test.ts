import assert from 'node:assert/strict'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
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

  await writeFile(path, text.slice(0, text.indexOf('\n', text.indexOf('"r9"')) + 1))
  const cut = await verify('--checkpoint', checkpoint)
  assert.match(cut.stdout, /truncated: decisions record 12 .*: records 12 to 21 are missing/)
})

test('postern audit verify needs records, and keys that are keys', async (t) => {
  await using sandbox = await createSandbox()
  const log = await openTestLog(t)
  const missing = await runPostern(['audit', 'verify', join(log.directory, 'nowhere')], {
    env: sandbox.env,
  })
  assert.equal(missing.code, 8)
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
