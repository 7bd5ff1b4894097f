import assert from 'node:assert/strict'
import {
  appendFile,
  copyFile,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runProgramSync } from '../../../program.fixture.ts'
import { noteLine } from '../export-lines.ts'
import { latestCheckpoint } from '../latest-checkpoint.ts'
import { parseNote, signNote } from '../signed-note.ts'
import { openTestLog, type TestLog } from './tamper.fixture.ts'
import { verifyAudit, type AuditVerdict, type VerifyOptions } from './verify-audit.ts'

const newline = 0x0a
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

test('a key that stands twice, another line separator or a carriage return is a change', async (t) => {
  const log = await openSigned(t)
  const [path = ''] = await filesOf(log)
  const text = await readFile(path, 'utf8')
  const lines = text.split('\n')
  const changes: readonly ((line: string) => string)[] = [
    // The same to a parser that takes the last of two, and another thing to one that takes the first.
    (line) => line.replace('"kind":', '"kind":"admin","kind":'),
    (line) => line.replace('{"series"', '{"seq":1,"series"'),
    (line) => line.replace(/\}$/, ',"allow":true}'),
    (line) => line.replace('"ip"', '\u2028"ip"'),
    (line) => line.replace('"time"', '\u0085"time"'),
    (line) => `${line}\r`,
    (line) => `${line}\r${line}`,
    (line) => `${line}\u2028${line}`,
    (line) => `\u2029${line}`,
    (line) => `${line}\0`,
    (line) => line.replace('decisions', 'dec\\u0069sions'),
    (line) => line.replace('"seq":', '"seq":0'),
    (line) => line.replace('example', 'EXAMPLE'),
  ]
  for (const [index, change] of changes.entries())
    for (const at of [0, 5, 10]) {
      const line = lines[at] ?? ''
      if (change(line) === line) continue
      await writeFile(path, lines.with(at, change(line)).join('\n'))
      const [fault] = (await verify(log)).faults
      assert.deepEqual([fault?.what, fault?.seq], ['changed', at + 1], `change ${index} at ${at}`)
    }
  await writeFile(path, text.replaceAll('\n', '\r\n'))
  assert.equal((await verify(log)).faults[0]?.what, 'changed')
  await writeFile(path, text.replaceAll('\n', '\u2028'))
  assert.equal((await verify(log)).faults[0]?.what, 'truncated')
})

test('a byte order mark before a file or an export is a change', async (t) => {
  const log = await openSigned(t, 3)
  const [first = '', second = ''] = await filesOf(log)
  for (const [path, seq] of [
    [first, 1],
    [second, 12],
  ] as const) {
    const bytes = await readFile(path)
    await writeFile(path, Buffer.concat([byteOrderMark, bytes]))
    const [fault] = (await verify(log)).faults
    assert.deepEqual([fault?.what, fault?.seq], ['changed', seq])
    await writeFile(path, bytes)
  }
  const note = noteLine((await latestCheckpoint(log.directory)) ?? '')
  const texts = await Promise.all((await filesOf(log)).map((path) => readFile(path, 'utf8')))
  const path = join(log.directory, '..', 'export.jsonl')
  await writeFile(path, `${note}\n${texts.join('')}`)
  const check = () => verifyAudit({ paths: [path], keys: [log.verifierKey] })
  assert.deepEqual((await check()).faults, [])
  await writeFile(path, `\ufeff${note}\n${texts.join('')}`)
  assert.notEqual((await check()).faults.length, 0)
})

test('an empty line is told, and an empty file is what was in it', async (t) => {
  const log = await openSigned(t, 3)
  const [, second = '', third = ''] = await filesOf(log)
  const bytes = await readFile(third)
  await appendFile(third, '\n')
  assert.equal((await verify(log)).faults[0]?.what, 'changed')
  await writeFile(third, '')
  assert.deepEqual(firstOf(await verify(log)), ['truncated', 23, 33])
  await writeFile(third, bytes)
  await truncate(second, 0)
  assert.deepEqual(firstOf(await verify(log)), ['removed', 12, 22])
})

test('a file that stands there twice is told, as a copy and as a link', async (t) => {
  const log = await openSigned(t, 3)
  const [, second = ''] = await filesOf(log)
  const twin = second.replace('-0001', '-0002')
  await copyFile(second, twin)
  assert.equal((await verify(log)).faults[0]?.what, 'renamed')
  await rm(twin)
  await symlink(second, twin)
  assert.equal((await verify(log)).faults[0]?.what, 'renamed')
  await rm(twin)
  // The same number, written otherwise.
  await rename(second, second.replace('-0001', '-00001'))
  assert.deepEqual(firstOf(await verify(log)).slice(0, 2), ['renamed', 12])
})

test('a link in place of a file proves as much as the file, and one to another is told', async (t) => {
  const log = await openSigned(t, 3)
  const [first = '', second = ''] = await filesOf(log)
  const away = join(log.directory, '..', 'away.jsonl')
  await rename(second, away)
  await symlink(away, second)
  assert.deepEqual((await verify(log)).faults, [])
  await rm(second)
  await symlink(first, second)
  assert.notEqual((await verify(log)).faults.length, 0)
})

test('records under the name of a series that has none of its own are told', async (t) => {
  const log = await openSigned(t)
  const [path = ''] = await filesOf(log)
  await copyFile(path, path.replace('decisions', 'strangers'))
  const { faults } = await verify(log)
  assert.deepEqual(
    faults.map(({ series, what, seq }) => [series, what, seq]),
    [['strangers', 'changed', 1]],
  )
})

test('a number that no chain has come to is no number', async (t) => {
  const log = await openSigned(t)
  const [path = ''] = await filesOf(log)
  const text = await readFile(path, 'utf8')
  const last = text.trimEnd().split('\n').at(-1) ?? ''
  for (const seq of ['9007199254740993', '999999999999999', '1e1', '0012', '-12']) {
    await writeFile(path, `${text}${last.replace(/"seq":\d+/, `"seq":${seq}`)}\n`)
    assert.notEqual((await verify(log)).faults.length, 0, seq)
  }
})

test('a line beyond what is read at once hides nothing, wherever it ends', async (t) => {
  const log = await openSigned(t)
  const [path = ''] = await filesOf(log)
  const bytes = await readFile(path)
  const at = bytes.lastIndexOf(newline, bytes.length - 2) + 1
  // Up to where the reader takes the next chunk: what stands behind it looks like a line of its own.
  const end = 20 * 256 * 1024
  const junk = Buffer.alloc(end - at, 'x')
  await writeFile(path, Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at)]))
  assert.deepEqual(firstOf(await verify(log)).slice(0, 2), ['changed', 11])
  // At the end nothing of this size is in writing.
  await writeFile(path, Buffer.concat([bytes, Buffer.alloc(end - bytes.length, 'x')]))
  assert.equal((await verify(log)).faults[0]?.what, 'changed')
})

test('newest files that go with their checkpoints are missed by one that was kept behind them', async (t) => {
  const log = await openTestLog(t)
  const kept: string[] = []
  for (let day = 0; day < 3; day += 1) {
    await log.write(10)
    kept.push(join(log.directory, '..', `kept-${day}.txt`))
    await writeFile(kept[day] ?? '', (await log.checkpoints.sign()) ?? '')
    log.clock.advance(86_400_000)
  }
  await log.files.close()
  for (const name of await readdir(log.directory))
    if (/-2026-01-0[23]/.test(name)) await rm(join(log.directory, name))
  const against = async (of: string | undefined) =>
    firstOf(await verify(log, { keys: [log.verifierKey], checkpoints: [of ?? ''] }))
  assert.deepEqual(await against(kept[2]), ['truncated', 12, 33])
  assert.deepEqual(await against(kept[1]), ['truncated', 12, 22])
  // Of what came behind the checkpoint that was kept there is no proof left.
  assert.deepEqual(await against(kept[0]), [undefined, undefined, undefined])
})

test('a checkpoint of the past is not handed out as the last, wherever it is put', async (t) => {
  const log = await openTestLog(t)
  await log.write(10)
  const past = (await log.checkpoints.sign()) ?? ''
  await log.write(10)
  // At the same moment: the clock does not say which is later.
  const last = (await log.checkpoints.sign()) ?? ''
  assert.notEqual(last, past)
  const path = join(log.directory, 'checkpoints-2026-01-01.txt')
  await appendFile(path, `${past}\n`)
  assert.equal(await latestCheckpoint(log.directory), last)
  assert.deepEqual((await verify(log)).faults, [])
  // One of a day to come would be the last for ever.
  await writeFile(join(log.directory, 'checkpoints-9999-12-31.txt'), `${past}\n`)
  assert.equal(await latestCheckpoint(log.directory), last)
  assert.equal(await log.checkpoints.sign(), last)
  const [fault] = (await verify(log)).faults
  assert.deepEqual(
    [fault?.what, fault?.file, fault?.line],
    ['damaged-note', 'checkpoints-9999-12-31.txt', 1],
  )
  // Nor is one that nobody signed, whatever it says.
  await appendFile(path, last.replace('decisions 21', 'decisions 99'))
  assert.equal(await log.checkpoints.sign(), last)
  assert.equal((await verify(log)).faults[0]?.what, 'bad-signature')
})

test('what stands behind the notes that were kept elsewhere is told', async (t) => {
  const log = await openSigned(t)
  const note = (await latestCheckpoint(log.directory)) ?? ''
  const kept = join(log.directory, '..', 'kept.txt')
  const options = { keys: [log.verifierKey], checkpoints: [kept] }
  await writeFile(kept, `${note}${note}\n\n`)
  assert.deepEqual((await verify(log, options)).faults, [])
  for (const [text, line] of [
    [`${note}\npostern audit checkpoint v1\ngateway`, 10],
    [`${note}${note.slice(0, -20)}`, 9],
    [`\ufeff${note}`, undefined],
    [note.replaceAll('\n', '\r\n'), undefined],
  ] as const) {
    await writeFile(kept, text)
    const [fault] = (await verify(log, options)).faults
    assert.deepEqual([fault?.what, fault?.line], ['damaged-note', line], JSON.stringify(text))
  }
})

test('what is no file is named, wherever it stands, and nobody waits for it', async (t) => {
  if (process.platform === 'win32') return t.skip('it has no such pipes')
  const log = await openSigned(t)
  const [records = ''] = await filesOf(log)
  const pipe = join(log.directory, '..', 'pipe')
  runProgramSync('mkfifo', [pipe])
  const isNoFile = { message: `"${pipe}" is a pipe, not a file` }
  await assert.rejects(verifyAudit({ paths: [pipe] }), isNoFile)
  await assert.rejects(verify(log, { checkpoints: [pipe] }), isNoFile)
  for (const path of [
    records,
    join(log.directory, 'keys.txt'),
    join(log.directory, 'dropped.txt'),
  ]) {
    await rm(path, { force: true })
    for (const [target, kind] of [
      [pipe, 'a pipe'],
      ['/dev/zero', 'a device'],
      [tmpdir(), 'a directory'],
    ] as const) {
      await symlink(target, path)
      await assert.rejects(verify(log), { message: `"${path}" is ${kind}, not a file` })
      await rm(path)
    }
  }
})

test('a place without a log is no log that is good, unless something of one was kept elsewhere', async (t) => {
  const log = await openSigned(t)
  const kept = join(log.directory, '..', 'kept.txt')
  await writeFile(kept, (await latestCheckpoint(log.directory)) ?? '')
  for (const name of await readdir(log.directory)) await rm(join(log.directory, name))
  const nothing = { message: `there is no audit log in "${log.directory}"` }
  await assert.rejects(verify(log), nothing)
  const empty = join(log.directory, '..', 'audit.jsonl')
  await writeFile(empty, '')
  await assert.rejects(verifyAudit({ paths: [empty] }), /there is no audit log in ".*audit.jsonl"/)
  const options = { keys: [log.verifierKey], checkpoints: [kept] }
  for (const paths of [[log.directory], [empty]])
    assert.deepEqual(firstOf(await verifyAudit({ paths, ...options })), ['truncated', 1, 11])
})

test('a text of signed notes is read once, however it is made, and only up to a bound', async (t) => {
  const log = await openSigned(t)
  const path = join(log.directory, 'dropped.txt')
  // From each of its lines another one might begin.
  await writeFile(path, 'postern audit x\n'.repeat(1_000_000))
  assert.deepEqual((await verify(log)).faults, [])
  const note = (await latestCheckpoint(log.directory)) ?? ''
  await writeFile(path, `${'x\n'.repeat(500_000)}${`${note}\n`.repeat(2_000)}`)
  const [fault] = (await verify(log)).faults
  assert.deepEqual([fault?.what, fault?.line], ['damaged-note', 1])
  await truncate(path, 64 * 1024 * 1024 + 1)
  await assert.rejects(verify(log), /dropped.txt" is larger than 67108864 bytes/)
})

test('numbers beyond those of a chain make no checkpoint', async (t) => {
  const log = await openSigned(t)
  const { text = '' } = parseNote((await latestCheckpoint(log.directory)) ?? '') ?? {}
  const path = join(log.directory, 'checkpoints-2026-01-01.txt')
  for (const seq of ['9007199254740993', '1e999', '-11', '11.0', '"11"', '0x0b', '011', '١١']) {
    await writeFile(path, signNote(text.replace('decisions 11', `decisions ${seq}`), [log.key]))
    const [fault] = (await verify(log)).faults
    assert.deepEqual([fault?.what, fault?.line], ['damaged-note', 1], seq)
  }
})

/** Eleven records a day, signed, and closed. */
async function openSigned(t: TestContext, days = 1): Promise<TestLog> {
  const log = await openTestLog(t)
  for (let day = 0; day < days; day += 1) {
    if (day > 0) log.clock.advance(86_400_000)
    await log.write(10)
  }
  await log.checkpoints.sign()
  await log.files.close()
  return log
}

function verify(log: TestLog, options: Omit<VerifyOptions, 'paths'> = {}): Promise<AuditVerdict> {
  return verifyAudit({ paths: [log.directory], ...options })
}

function firstOf({ faults: [fault] }: AuditVerdict): readonly unknown[] {
  return [fault?.what, fault?.seq, fault?.lastSeq]
}

async function filesOf({ directory }: TestLog): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort()
  return names.map((name) => join(directory, name))
}
