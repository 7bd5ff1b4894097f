import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { connectTls } from '../bad-input/dial.ts'
import { mustRun } from './child.ts'
import { peerTest, program } from './peers.ts'
import { route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const open = 'open.example.com:7'
/** The promise is 20; a machine may be slower. */
const maxP99Ms = 5 * 20
const everyMs = 5
/** What both took on the event loop, which a neighbour would have waited for: 1.3 and 0.6 s. */
const memberships = 100_000
const revoked = 18_000

peerTest('a neighbour does not wait for the reading of a large directory', [], async (scope) => {
  const rig = await startOpen(scope)
  const members = Array.from({ length: memberships / 10 }, (_, index) => `u-${index}@example.com`)
  const groups = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`g${at}`, members]))
  await writeFile(join(rig.home, 'directory.yaml'), JSON.stringify({ groups }))
  await reloadBesideNeighbour(rig, { directory: 'directory.yaml' })
})

peerTest(
  'a neighbour does not wait for the reading of a long revocation list',
  ['OpenSSL'],
  async (scope) => {
    const rig = await startOpen(scope)
    await issueList(scope, rig.home)
    const downstream_mtls = { ca_file: 'root.pem', crl_file: 'crl.pem', enforcement: 'policy' }
    await reloadBesideNeighbour(rig, { downstream_mtls })
  },
)

async function startOpen(scope: Scope): Promise<GatewayRig> {
  const service = await startService(scope, echo)
  const everybody = [{ allow: { or: [{ accept: true }] } }]
  return startRig(scope, [{ ...route(open, service), policy: everybody }])
}

/** Talks through a tunnel while the gateway takes over new settings. */
async function reloadBesideNeighbour(
  rig: GatewayRig,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const socket = await connectTls(rig, 'http/1.1')
  socket.write(`CONNECT ${open} HTTP/1.1\r\nHost: ${open}\r\n\r\n`)
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 200 /)
  let isOver = false
  const talking = talk(socket, loopTime(rig.child().pid), () => isOver)
  await rig.configure((file) => ({ ...file, ...settings }))
  const line = await rig.lines.first(({ message }) =>
    /^configuration (?:not )?reloaded/.test(String(message)),
  )
  isOver = true
  assert.equal(line['message'], 'configuration reloaded', JSON.stringify(line))
  const tripsMs = (await talking).toSorted((a, b) => a - b)
  const p99Ms = tripsMs[Math.floor(tripsMs.length * 0.99)] ?? Infinity
  assert.ok(tripsMs.length > 100, `only ${tripsMs.length} answers`)
  assert.ok(p99Ms <= maxP99Ms, `p99 of ${tripsMs.length} answers is ${p99Ms} ms`)
  socket.destroy()
}

/**
 * How long the event loop of a process has worked, in milliseconds: the time of its main thread on a processor. A
 * machine that does other things meanwhile lets both ends wait for one, whatever that loop does. By the clock where
 * the system does not tell.
 */
function loopTime(pid: number): () => number {
  const path = `/proc/${pid}/task/${pid}/schedstat`
  if (!existsSync(path)) return () => performance.now()
  return () => Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6
}

/**
 * Says something every few milliseconds, answered or not, and answers how long the other side worked until each
 * answer: whoever waited for the last one first would hardly notice that everything stood still.
 */
async function talk(
  socket: TLSSocket,
  now: () => number,
  isOver: () => boolean,
): Promise<number[]> {
  const sentMs: number[] = []
  const tripsMs: number[] = []
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  socket.on('data', (chunk: Buffer) => {
    const nowMs = now()
    for (const _ of chunk) tripsMs.push(nowMs - (sentMs[tripsMs.length] ?? 0))
    if (isOver() && tripsMs.length === sentMs.length) resolve()
  })
  const timer = setInterval(() => {
    sentMs.push(now())
    socket.write('x')
    if (isOver()) clearInterval(timer)
  }, everyMs)
  await answered
  return tripsMs
}

/** An authority, and what it has revoked, as OpenSSL writes it: some 600 KB. */
async function issueList(scope: Scope, home: string): Promise<void> {
  const directory = join(scope.directory, 'ca')
  await mkdir(directory)
  const openssl = program('openssl')
  const rows = Array.from({ length: revoked }, (_, index) => {
    const serial = (index + 0x1000).toString(16).toUpperCase().padStart(32, '7')
    return `R\t351231235959Z\t260101000000Z\t${serial}\tunknown\t/CN=client ${index}\n`
  })
  await writeFile(join(directory, 'index.txt'), rows.join(''))
  const config = `[ca]
default_ca = it
[it]
database = index.txt
default_md = sha256
default_crl_days = 30
`
  await writeFile(join(directory, 'ca.cnf'), config)
  const run = (...args: string[]) => mustRun(scope, openssl, args, { cwd: directory })
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'key.pem',
  ]
  const root = join(home, 'root.pem')
  await run(
    'req',
    '-x509',
    ...key,
    '-subj',
    '/O=Example/CN=Client root',
    '-days',
    '365',
    '-out',
    root,
  )
  const files = ['-keyfile', 'key.pem', '-cert', root, '-out', join(home, 'crl.pem')]
  await run('ca', '-config', 'ca.cnf', '-gencrl', ...files)
}
