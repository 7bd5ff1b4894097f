import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { endianness, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { spawnProgram } from '../../program.fixture.ts'
import { listeningSockets, processOf, programOf } from './linux-sockets.ts'
import { findInTheWay, parseListening } from './listening-hosts.ts'
import { parseLsof } from './lsof.ts'
import { parseNetstat, parseTasklist } from './netstat.ts'
import { findPortHolder, sayPortHolder, whoHolds } from './port-holder.ts'

const systemRoot = String.raw`C:\Windows`
const never = new AbortController().signal

describe('on this system', { skip: process.platform === 'linux' ? false : 'needs Linux' }, () => {
  test('another program is named, at the address or at all of them', async (t) => {
    // node or bun.
    const program = basename(await realpath(process.execPath))
    for (const [listening, wanted, where] of [
      ['127.0.0.1', '127.0.0.1', ''],
      ['127.0.0.1', 'localhost', ''],
      ['127.0.0.1', undefined, ''],
      ['::1', '::1', ''],
      ['0.0.0.0', '127.0.0.1', ', which listens on all addresses'],
      ['::', '127.0.0.1', ', which listens on all addresses'],
      ['::', '::1', ', which listens on all addresses'],
      ['::', undefined, ''],
    ] as const) {
      const { pid, port } = await startListening(t, listening)
      const host = wanted?.includes(':') === true ? `[${wanted}]` : (wanted ?? '')
      assert.equal(
        await whoHolds({ kind: 'tcp', host: wanted, port }, { systemRoot }),
        `"${host}:${port}" is in use by ${program} (process ${pid})${where}`,
      )
    }
  })

  test('a connection of our own is told as that', async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const wanted = { host: '127.0.0.1', port }
    const found = await findPortHolder(wanted, { systemRoot })
    assert.ok(found?.isOurs)
    assert.equal(
      sayPortHolder(wanted, found),
      `"127.0.0.1:${port}" is in use by another connection of this program`,
    )
  })

  test('a port of another address is in nobody’s way, nor is one that nobody has', async (t) => {
    const { port } = await startListening(t, '127.0.0.1')
    for (const host of ['127.0.0.2', '::1']) {
      assert.equal(await findPortHolder({ host, port }, { systemRoot }), undefined, host)
    }
    assert.equal(await whoHolds({ kind: 'unix', path: '/run/x' }, { systemRoot }), undefined)
  })

  test('where the tools of a system are not, nobody is named', async () => {
    for (const platform of ['win32', 'aix'] as const) {
      const options = { platform, systemRoot: '/nowhere' }
      assert.equal(await findPortHolder({ host: '127.0.0.1', port: 1 }, options), undefined)
    }
  })

  async function startListening(
    t: TestContext,
    host: string,
  ): Promise<{ pid: number | undefined; port: number }> {
    const script = `const s = require('node:net').createServer().listen(0, '${host}', () => console.log(s.address().port))`
    const child = spawnProgram(process.execPath, ['-e', script])
    t.after(() => child.kill())
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return { pid: child.pid, port: Number(line.toString()) }
  }
})

describe('the tables of Linux', { skip: endianness() === 'LE' ? false : 'written for LE' }, () => {
  const row = (local: string, state: string, uid: number, inode: number): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000032705fb2 100 0 0 10 0\n`

  test('tell whose sockets listen, and at which of the addresses that are asked for', () => {
    const table = [
      '  sl  local_address rem_address   st …\n',
      row('0100007F:1538', '0A', 111, 7001),
      row('00000000:1538', '0A', 0, 7002),
      row('0200007F:1538', '0A', 1000, 7003),
      row('0100007F:1539', '0A', 1000, 7004),
      row('0100007F:1538', '01', 1000, 7005),
    ].join('')
    const found = [...listeningSockets([table], 5432, ['127.0.0.1', '0.0.0.0'])]
    assert.deepEqual(found, [
      { host: '127.0.0.1', port: 5432, uid: 111, inode: '7001' },
      { host: '0.0.0.0', port: 5432, uid: 0, inode: '7002' },
      { host: '0200007F:1538', port: 5432, uid: 1000, inode: '7003' },
    ])
  })

  test('lead to the oldest process that has the socket open, by the name of its file', async (t) => {
    const proc = await mkdtemp(join(tmpdir(), 'postern-'))
    t.after(() => rm(proc, { recursive: true }))
    const holds = { 900: '7001', 812: '7001', 12: '9', 2000: '7001' }
    for (const [pid, inode] of Object.entries(holds)) {
      await mkdir(join(proc, pid, 'fd'), { recursive: true })
      await symlink(`socket:[${inode}]`, join(proc, pid, 'fd', '3'))
      await symlink('/dev/null', join(proc, pid, 'fd', '0'))
    }
    await symlink('/usr/lib/postgresql/bin/postgres (deleted)', join(proc, '812', 'exe'))
    await writeFile(join(proc, '900', 'comm'), 'odd name\n')
    await mkdir(join(proc, 'self'))
    assert.equal(await processOf('7001', never, proc), 812)
    assert.equal(await processOf('70', never, proc), undefined)
    assert.equal(await processOf('7001', AbortSignal.abort(), proc), undefined)
    const names = [812, 900, 12, 77].map((pid) => programOf(pid, proc))
    assert.deepEqual(await Promise.all(names), ['postgres', 'odd name', undefined, undefined])
  })
})

test('lsof is read as it writes', () => {
  // As lsof 4.95 writes with `-nP +c0 -Fpcn`; macOS adds `f`, the descriptor.
  const text = `p812
cpostgres
f7
n127.0.0.1:5432
f8
n[::1]:5432
p29544
cGoogle\\x20Chrome\\x20Sl\\xc3\\xa9
f12
n*:5433
n[fe80::1%lo0]:5432
p1
cx
nlocalhost:5432
n127.0.0.1:5432->127.0.0.1:80
`
  assert.deepEqual(parseLsof(text), [
    { host: '127.0.0.1', port: 5432, pid: 812, program: 'postgres' },
    { host: '::1', port: 5432, pid: 812, program: 'postgres' },
    { host: '*', port: 5433, pid: 29544, program: 'Google Chrome Slé' },
    { host: 'fe80::1', port: 5432, pid: 29544, program: 'Google Chrome Slé' },
  ])
  for (const nothing of ['', '\n', 'lsof: WARNING: can’t stat()\n']) {
    assert.deepEqual(parseLsof(nothing), [])
  }
})

test('netstat and tasklist are read in any language of Windows', () => {
  const text = [
    '',
    'Aktive Verbindungen',
    '',
    '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
    '  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN         1044',
    '  TCP    127.0.0.1:5432         0.0.0.0:0              ABHÖREN         812',
    '  TCP    127.0.0.1:5432         127.0.0.1:50321        HERGESTELLT     812',
    '  TCP    [::]:445               [::]:0                 ABHÖREN         4',
    '  TCP    [fe80::1%12]:139       [::]:0                 ABHÖREN         4',
    '  TCP    127.0.0.1:9            0.0.0.0:0              SCHLIESSEN_WARTEN  0',
    '  UDP    0.0.0.0:5432           *:*                                    900',
    '',
  ].join('\r\n')
  assert.deepEqual(parseNetstat(text), [
    { host: '0.0.0.0', port: 135, pid: 1044 },
    { host: '127.0.0.1', port: 5432, pid: 812 },
    { host: '::', port: 445, pid: 4 },
    { host: 'fe80::1', port: 139, pid: 4 },
  ])
  const list = '"postgres.exe","812","Services","0","12.345 K"\r\n'
  assert.equal(parseTasklist(list, 812), 'postgres.exe')
  assert.equal(parseTasklist(list, 81), undefined)
  assert.equal(parseTasklist('INFO: No tasks are running which match …\r\n', 812), undefined)
})

test('the nearest of those in the way is meant', () => {
  const at = (host: string) => ({ host, port: 1 })
  const all = [at('::'), at('0.0.0.0'), at('127.0.0.1'), at('10.0.0.1'), { ...at('::1'), port: 2 }]
  const found = (host: string | undefined, listening = all): string | undefined =>
    findInTheWay(listening, { host, port: 1 })?.host
  assert.equal(found('127.0.0.1'), '127.0.0.1')
  assert.equal(found('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(found('127.0.0.2'), '0.0.0.0')
  assert.equal(found('0:0::1'), '::')
  assert.equal(found('::1', [at('0.0.0.0')]), undefined)
  assert.equal(found('127.0.0.1', [at('*')]), '*')
  assert.equal(found(undefined, [at('10.0.0.1')]), '10.0.0.1')
  assert.equal(found('0.0.0.0', [at('10.0.0.1'), at('::')]), '::')
  for (const text of ['', 'x', '1.2.3.4', 'name:1', '[::1]', '1.2.3.4:1->2', '::1:22', '*:80000']) {
    assert.equal(parseListening(text), undefined, text)
  }
})

test('what is not known of a program is not said of it', () => {
  const wanted = { host: '127.0.0.1', port: 5432 }
  const plain = { isOurs: false, isEverywhere: false }
  for (const [known, said] of [
    [{ pid: 812, program: 'postgres' }, 'postgres (process 812)'],
    [{ pid: 812 }, 'process 812'],
    [{ uid: 111 }, 'a program of another user (uid 111)'],
    [{ uid: 0 }, 'a program of the system'],
    [{}, 'another program'],
  ] as const) {
    const sentence = `"127.0.0.1:5432" is in use by ${said}`
    assert.equal(sayPortHolder(wanted, { ...plain, ...known }), sentence)
  }
})
