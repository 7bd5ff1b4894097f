import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../../program.fixture.ts'
import { rdpCall } from './rdp-call.ts'

const local = { host: '127.9.8.7', port: 3389 }

test('programs that take an address get one, and leave nothing on the disk', async () => {
  const place = { local, user: 'ada', args: ['/f'], directory: '/nowhere' }
  await using windows = await rdpCall(
    'C:\\Windows\\System32\\mstsc.exe'.replaceAll('\\', '/'),
    place,
  )
  assert.deepEqual(windows.args, ['/v:127.9.8.7:3389', '/f'])
  await using free = await rdpCall('/usr/bin/xfreerdp3', place)
  assert.deepEqual(free.args, ['/v:127.9.8.7:3389', '/u:ada', '/f'])
  await using remmina = await rdpCall('/usr/bin/remmina', { ...place, user: 'CORP\\ada' })
  assert.deepEqual(remmina.args, ['-c', 'rdp://CORP%5Cada@127.9.8.7:3389', '/f'])
  assert.deepEqual(
    [windows, free, remmina].map(({ handsOver }) => handsOver),
    [false, false, true],
  )
})

test('others get a file of this user alone, and one that was left by a process that was killed goes', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-rdp-'))
  t.after(() => rm(directory, { recursive: true }))
  const { pid } = runProgramSync('true', [])
  await writeFile(join(directory, `desktop-${pid}.rdp`), '')
  await writeFile(join(directory, 'mine.rdp'), '')
  {
    await using call = await rdpCall('/usr/bin/open', { local, user: 'ada', args: [], directory })
    const [file = ''] = call.args
    assert.match(await readFile(file, 'utf8'), /^full address:s:127\.9\.8\.7:3389\r\n/)
    assert.deepEqual((await readdir(directory)).sort(), [`desktop-${process.pid}.rdp`, 'mine.rdp'])
  }
  assert.deepEqual(await readdir(directory), ['mine.rdp'])
})
