import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { localActor } from '../control/change.ts'
import { ConflictError } from '../control/conflict.ts'
import {
  collectLines,
  connectHead,
  connectTls,
  echo,
  startService,
  testCertificate,
} from './gateway.fixture.ts'
import { runGateway, type RunningGateway } from './run.ts'

const everybody = [{ allow: { or: [{ accept: true }] } }]

/** A gateway with one route in its file, and a service that says everything back. */
async function startRig(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'stored-routes-'))
  const service = await startService(echo)
  const path = join(folder, 'postern.yaml')
  const base = `address: 127.0.0.1:0
certificate_file: tls.crt
certificate_key_file: tls.key
state_directory: state
`
  const inFile = (id: string, host: string): string => `  - id: ${id}
    from: tcp+https://${host}:1
    to: tcp://127.0.0.1:${service.port}
    allow_public_unauthenticated_access: true
`
  const first = `${base}routes:\n${inFile('kept', 'kept.example.com')}`
  await writeFile(join(folder, 'tls.crt'), testCertificate.cert)
  await writeFile(join(folder, 'tls.key'), testCertificate.key, { mode: 0o600 })
  await writeFile(path, first, { mode: 0o600 })
  const { sink, lines, line } = collectLines()
  const start = (): Promise<RunningGateway> => runGateway({ path, env: {}, logSink: sink })
  let gateway = await start()
  const sockets = new Set<TLSSocket>()
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await gateway.close(0)
    await service[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  return {
    folder,
    lines,
    line,
    gateway: () => gateway,
    to: `tcp://127.0.0.1:${service.port}`,
    async restart(meanwhile: () => void) {
      await gateway.close(0)
      meanwhile()
      gateway = await start()
    },
    async write(more: readonly [id: string, host: string][]) {
      await writeFile(path, first + more.map(([id, host]) => inFile(id, host)).join(''))
      await gateway.reload()
    },
    async open(host: string): Promise<TLSSocket> {
      const socket = await connectTls(gateway.address.port)
      sockets.add(socket)
      socket.write(connectHead(`${host}:1`))
      const [head] = (await once(socket, 'data')) as [Buffer]
      assert.match(head.toString(), /^HTTP\/1\.1 200/)
      return socket
    },
    async status(host: string): Promise<string> {
      const socket = await connectTls(gateway.address.port)
      sockets.add(socket)
      socket.write(connectHead(`${host}:1`))
      const [head] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return head.toString().slice(9, 12)
    },
  }
}

async function echoes(socket: TLSSocket): Promise<void> {
  socket.write('hello')
  const [said] = (await once(socket, 'data')) as [Buffer]
  assert.equal(said.toString(), 'hello')
}

test('a change of a stored policy cuts its tunnels within a second, and no others', async (t) => {
  const rig = await startRig(t)
  const { operations: o } = rig.gateway()
  const made = await o.createPolicy(localActor, {
    definition: { name: 'open', policy: everybody },
  })
  const revision = made.revision ?? 0
  const route = (id: string, more: object) =>
    o.createRoute(localActor, {
      definition: { id, from: `tcp+https://${id}.example.com:1`, to: rig.to, ...more },
    })
  assert.equal(await rig.status('mine.example.com'), '404')
  await route('mine', { policy_names: ['open'] })
  await route('other', { policy: everybody })
  const [mine, other, kept] = [
    await rig.open('mine.example.com'),
    await rig.open('other.example.com'),
    await rig.open('kept.example.com'),
  ]
  await Promise.all([mine, other, kept].map(echoes))
  const ended = once(mine, 'end')
  mine.resume()
  const began = performance.now()
  const definition = { name: 'open', policy: [] }
  await o.updatePolicy(localActor, 'open', { definition, revision })
  await ended
  assert.ok(performance.now() - began < 1_000, `took ${performance.now() - began} ms`)
  await Promise.all([other, kept].map(echoes))
  assert.notEqual(await rig.status('mine.example.com'), '200')
  await rig.line(({ ended }) => ended === 'policy-changed')
  const late = o.updatePolicy(localActor, 'open', { definition, revision })
  await assert.rejects(late, (error) => {
    assert.ok(error instanceof ConflictError)
    assert.ok((error.current as { revision: number }).revision > revision)
    return true
  })
})

test('a file that takes the name of a stored route has it until it lets go', async (t) => {
  const rig = await startRig(t)
  const { operations: o } = rig.gateway()
  const definition = {
    id: 'mine',
    from: 'tcp+https://mine.example.com:1',
    to: rig.to,
    policy: everybody,
  }
  await o.createRoute(localActor, { definition })
  const kept = await rig.open('kept.example.com')
  await rig.write([['taker', 'mine.example.com']])
  const { items } = await o.listRoutes(localActor)
  assert.deepEqual(
    items.map(({ id, in_use, problems }) => [id, in_use, problems.length]),
    [
      ['kept', true, 0],
      ['taker', true, 0],
      ['mine', false, 1],
    ],
  )
  await rig.write([['mine', 'elsewhere.example.com']])
  assert.equal(await rig.status('mine.example.com'), '404')
  await rig.write([])
  assert.equal(await rig.status('mine.example.com'), '200')
  await echoes(kept)
})

test('stored routes outlive the process, and one that cannot be read holds up nothing', async (t) => {
  const rig = await startRig(t)
  for (const id of ['good', 'bad'])
    await rig.gateway().operations.createRoute(localActor, {
      definition: { id, from: `tcp+https://${id}.example.com:1`, to: rig.to, policy: everybody },
    })
  await rig.restart(() => {
    const database = new DatabaseSync(join(rig.folder, 'state', 'postern.db'))
    database.exec(
      `update access_documents set body = json_set(body, '$.of_a_later_release', 1) where id = 'bad'`,
    )
    database.close()
  })
  assert.deepEqual(
    [await rig.status('good.example.com'), await rig.status('bad.example.com')],
    ['200', '404'],
  )
  const said = rig.lines.find(({ message }) => message === 'a stored route is not in use')
  assert.deepEqual([said?.['route'], said?.['problem']], ['bad', 'of_a_later_release: unknown key'])
  const bad = await rig.gateway().operations.getRoute(localActor, 'bad')
  assert.deepEqual([bad.in_use, bad.definition['of_a_later_release']], [false, 1])
})
