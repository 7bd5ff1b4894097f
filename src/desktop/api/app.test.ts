import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../clock.ts'
import type { KnownGateway } from '../../client/gateways/known-gateway.ts'
import { AppError, ConfigError } from '../../errors.ts'
import { silentLogger } from '../../log.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig, type DaemonRig } from '../running/daemon.fixture.ts'
import type { DaemonEvent } from '../wire/view.ts'
import { createDaemonApp } from './app.ts'
import { createDaemonClient } from './ask-daemon.ts'
import { connectionRows } from './connection-rows.ts'
import { exchangeRows } from './exchange-rows.ts'
import { gatewayRows } from './gateway-rows.ts'
import { serveSocket } from './serve-socket.ts'

async function serve(rig: DaemonRig) {
  const { daemon } = rig
  const app = createDaemonApp({
    rows: [...connectionRows(daemon), ...gatewayRows(daemon), ...exchangeRows(daemon)],
    follow: (listener) => daemon.follow(listener),
    clock: systemClock,
    log: silentLogger,
  })
  const path = join(rig.directory, 'daemon.sock')
  const socket = await serveSocket(path, app)
  return {
    app,
    path,
    client: createDaemonClient(path),
    [Symbol.asyncDispose]: () => socket.close(0),
  }
}

describe('the calls of the daemon', () => {
  test('add, change, bring up, duplicate, export, import and delete', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const { client } = served
    const input = {
      name: 'db',
      destination: 'db.corp:5432',
      gateway: gateway.origin,
      ca_cert: gateway.ca,
    }
    const { id } = await client.ask('POST /connections', {
      ...input,
      client_cert: 'c',
      client_key: 'k',
    })
    const shown = await client.ask('GET /connections/:id', undefined, { id })
    assert.equal(shown.connection.settings.has_client_key, true)
    assert.ok(!JSON.stringify(shown).includes('"client_key"'), 'a key is not shown')
    await client.ask(
      'PUT /connections/:id',
      { ...input, client_cert: 'c', keep_client_key: true },
      { id },
    )
    assert.equal(rig.daemon.find(id).saved.client_key, 'k')
    await client.ask('PUT /connections/:id', input, { id })
    assert.equal(rig.daemon.find(id).saved.client_key, undefined)
    const up = await client.ask('POST /up', { connections: ['DB'] })
    assert.equal(up.connections[0]?.is_up, true)
    const copy = await client.ask('POST /connections/:id/duplicate', undefined, { id })
    assert.equal(copy.settings.name, 'db 2')
    assert.notEqual(copy.address, up.connections[0]?.address)
    const exported = await client.ask('POST /export', { connections: [id] })
    assert.match(exported.text, /name: db\n/)
    const refused = await client.ask('POST /import', { text: exported.text })
    assert.equal(refused.faults.length, 1)
    assert.equal(rig.daemon.all().length, 2)
    const trial = await client.ask('POST /import', {
      text: exported.text,
      duplicates: 'keep',
      is_trial: true,
    })
    assert.deepEqual([trial.added, rig.daemon.all().length], [['db 3'], 2])
    await client.ask('POST /import', { text: exported.text, duplicates: 'keep' })
    assert.equal(rig.daemon.all().length, 3)
    const { removed } = await client.ask('POST /delete', {})
    assert.equal(removed.length, 3)
    assert.equal((await client.ask('GET /state')).connections.length, 0)
  })

  test('say how tools use a connection', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const { client } = served
    const add = (listen: string, name: string) =>
      client.ask('POST /connections', { name, destination: 'win.corp:3389', listen })
    const { id } = await add('127.0.0.1:13389', 'the lab: PC')
    const { commands } = await client.ask('GET /connections/:id', undefined, { id })
    assert.deepEqual(
      commands.map(({ command }) => command),
      ['mstsc /v:127.0.0.1:13389', 'xfreerdp /v:127.0.0.1:13389'],
    )
    const file = await client.ask('GET /connections/:id/rdp', undefined, { id })
    assert.equal(file.file_name, 'the-lab-PC.rdp')
    assert.match(file.text, /^full address:s:127\.0\.0\.1:13389\r\n/)
    const socket = await add('unix:/run/x.sock', 'by a socket')
    const none = client.ask('GET /connections/:id/rdp', undefined, { id: socket.id })
    await assert.rejects(none, { code: 'no-rdp-file' })
  })

  test('two imports at once are each made beside what is there then', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const text = 'connections: [{name: db, destination: "db.corp:5432"}]'
    const asked = { text, duplicates: 'keep' } as const
    const both = [
      served.client.ask('POST /import', asked),
      served.client.ask('POST /import', asked),
    ]
    const added = (await Promise.all(both)).flatMap((answer) => answer.added)
    assert.deepEqual(added.toSorted(), ['db', 'db 2'])
    const relative = 'connections: [{name: ca, destination: "a:1", ca_file: ca.pem}]'
    const trial = served.client.ask('POST /import', { text: relative, is_trial: true })
    await assert.rejects(trial, (error) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.problems[0]?.path, 'ca_file')
      return true
    })
  })

  test('say what is wrong, at its field', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const { client } = served
    const wrong = { name: '', destination: 'x:1', colour: 'red' } as never
    await assert.rejects(client.ask('POST /connections', wrong), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(error.problems.map(({ path }) => path).sort(), ['colour', 'name'])
      return true
    })
    await assert.rejects(
      client.ask('POST /connections', { name: 'a', destination: 'x' }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.deepEqual(error.problems[0]?.path, 'destination')
        return true
      },
    )
    const nobody = client.ask('GET /connections/:id', undefined, { id: '../state' })
    await assert.rejects(nobody, { code: 'connection-not-found' })
    await assert.rejects(client.ask('POST /up', { tag: 'none' }), { code: 'tag-not-found' })
    const post = (body: string) =>
      served.app.fetch(new Request('http://d/up', { method: 'POST', body }))
    assert.equal((await post('{')).status, 400)
    assert.equal((await post('[]')).status, 400)
    assert.equal((await post(`{"tag": "${'x'.repeat(17 * 1024 * 1024)}"}`)).status, 413)
  })

  test('sign in in a tab, which the window opens where nothing else can, and list what there is', async () => {
    const routes = [
      { id: 'r1', name: 'orders', type: 'tcp', from: 'tcp+https://orders.corp:5432' },
      { id: 'r2', name: 'any', type: 'tcp', from: 'tcp+https://*.corp:22' },
    ]
    await using gateway = await startFakeGateway({ routes })
    let hasBrowser = false
    let remembered: { gateways: (KnownGateway & { knownNames: string[] })[] } = { gateways: [] }
    await using rig = await openDaemonRig({
      remembered: () => Promise.resolve({ ...remembered, defaultName: undefined }),
      browser: (_, onFailed) => void (hasBrowser || onFailed()),
    })
    await using served = await serve(rig)
    const { client } = served
    const input = { gateway: gateway.origin, ca_cert: gateway.ca }
    const { url = '', is_open: isOpen } = await client.ask('POST /gateways/sign-in', input)
    assert.match(url, /^https:/)
    assert.equal(isOpen, false, 'the page opens it')
    hasBrowser = true
    const again = await client.ask('POST /gateways/sign-in', input)
    assert.equal(again.url, url, 'one sign-in, however often it is asked for')
    assert.equal(again.is_open, true)
    assert.deepEqual(rig.opened, [url, url])
    const { followSignIn } = await import('../../reach/fake-gateway.fixture.ts')
    await followSignIn(url)
    await rig.untilGateway(gateway.origin, ({ session }) => session === 'signed-in')
    const listed = await client.ask('POST /gateways/routes', input)
    assert.deepEqual(
      listed.routes.map(({ name, destination }) => [name, destination]),
      [
        ['orders', 'orders.corp:5432'],
        ['any', undefined],
      ],
    )
    const trial = await client.ask('POST /gateways/load', { ...input, is_trial: true })
    assert.deepEqual([trial.added, trial.unsupported[0]?.name], [['orders'], 'any'])
    assert.equal(rig.daemon.all().length, 0)
    await client.ask('POST /gateways/load', { ...input, tags: ['corp'] })
    const [loaded] = rig.daemon.all()
    assert.equal(loaded?.checked?.destination?.authority, 'orders.corp:5432')
    assert.deepEqual([loaded.saved.ca_cert, loaded.saved.tags], [gateway.ca, ['corp']])
    routes.splice(0, 1, { ...routes[0], from: 'tcp+https://orders2.corp:5432' } as never)
    const moved = await client.ask('POST /gateways/load', input)
    assert.deepEqual([moved.added, moved.updated, moved.removed], [[], ['orders'], []])
    assert.equal(rig.daemon.all()[0]?.checked?.destination?.authority, 'orders2.corp:5432')
    routes.splice(0, 1)
    assert.deepEqual((await client.ask('POST /gateways/load', input)).removed, ['orders'])
    assert.equal(rig.daemon.all().length, 0)
    // By the name of a gateway that is remembered, with its authority.
    remembered = {
      gateways: [{ name: 'work', url: gateway.origin, ca: gateway.ca, knownNames: [] }],
    }
    const byName = await client.ask('POST /gateways/sign-in', { gateway: 'work' })
    assert.deepEqual([byName.gateway, byName.url], [gateway.origin, undefined])
    assert.equal((await client.ask('POST /gateways/routes', { gateway: 'work' })).routes.length, 1)
    await assert.rejects(client.ask('POST /gateways/routes', { gateway: 'wrok' }), {
      code: 'gateway-unknown',
    })
    // What is trusted for another address of it vouches for that alone.
    const alias = `https://127.0.0.1:${gateway.port}`
    remembered.gateways[0]?.knownNames.push(alias)
    const { cert } = await createCertificateAuthority()
    const atAlias = await client
      .ask('POST /gateways/sign-in', { gateway: alias, ca_cert: cert })
      .catch((error: unknown) => error)
    assert.ok(atAlias instanceof AppError && atAlias.code === 'gateway-not-trusted')
    assert.ok(atAlias.message.includes('"127.0.0.1'), atAlias.message)
    remembered.gateways.pop()
    // By its address alone nobody would believe its certificate.
    const connection = await rig.add(gateway)
    const session = { gateway: gateway.origin, connection }
    assert.equal((await client.ask('POST /gateways/sign-in', session)).url, undefined)
    await assert.rejects(client.ask('POST /gateways/sign-in', { gateway: gateway.origin }))
    // Another way to it, which nobody drops while somebody looks.
    using _looking = rig.daemon.follow(() => undefined)
    const twice = { ca_cert: `${gateway.ca}\n${gateway.ca}` }
    const other = await rig.add(gateway, { name: 'other', ...twice })
    await client.ask('POST /gateways/sign-in', { gateway: gateway.origin, connection: other })
    await client.ask('POST /gateways/sign-out', session)
    const { gateways } = rig.daemon.view()
    assert.deepEqual(
      gateways.map(({ session: now }) => now),
      ['wanted'],
    )
    await assert.rejects(
      client.ask('POST /gateways/sign-in', { ...input, gateway: 'https://127.0.0.1:1' }),
      { code: 'gateway-unreachable' },
    )
    // Also where a sign-in is under way by which one that trusts others is waited for.
    await client.ask('POST /gateways/sign-out', input)
    const begun = await client.ask('POST /gateways/sign-in', input)
    const alike = { ...input, ca_cert: `${gateway.ca}${gateway.ca}` }
    const elsewhere = await client.ask('POST /gateways/sign-in', alike)
    assert.equal(elsewhere.url, begun.url, 'the address of the sign-in that is under way')
    const untrusted = client.ask('POST /gateways/sign-in', { gateway: gateway.origin })
    await assert.rejects(untrusted, { code: 'gateway-not-trusted' })
  })

  test('say how it stands with a gateway that nobody has looked at since it went', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const gateway = await startFakeGateway({ isPublic: true })
    const id = await rig.add(gateway)
    await rig.daemon.up([id])
    await rig.untilState(id, 'sign-in-needed')
    await gateway[Symbol.asyncDispose]()
    const { connections } = await served.client.ask('POST /look')
    assert.equal(connections[0]?.state, 'gateway-unreachable')
  })

  test('tell of everything at first, then of what changes, also to one who reads slowly', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const ending = new AbortController()
    const seen: DaemonEvent[] = []
    const id = await rig.add(gateway)
    const reading = (async () => {
      for await (const event of served.client.follow(ending.signal)) {
        seen.push(event)
        if (event.kind === 'changed' && event.removed.includes(id)) return
        if (event.kind === 'state') void rig.daemon.up([id])
        if (event.kind === 'log') void rig.daemon.change({ remove: [id] })
      }
    })()
    await reading
    assert.equal(seen[0]?.kind, 'state')
    assert.ok(seen.some((event) => event.kind === 'changed' && event.connections[0]?.id === id))
    ending.abort()
  })

  test('what a reader of events missed is made up for by everything anew', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const response = await served.app.fetch(new Request('http://d/events'))
    const reader = response.body?.getReader()
    const notice = { code: 'n', message: 'x'.repeat(600_000), at: '' }
    for (let index = 0; index < 4; index += 1) {
      const told = Promise.withResolvers<void>()
      using _ = rig.daemon.follow((event) => {
        if (event.kind === 'changed') told.resolve()
      })
      rig.daemon.notice({ ...notice, hint: String(index) })
      await told.promise
    }
    let text = ''
    while (!text.includes('"hint":"3"')) {
      const part = await reader?.read()
      assert.ok(part?.value !== undefined)
      text += new TextDecoder().decode(part.value)
    }
    const whole = text.split('\n').filter((line) => line.includes('"kind":"state"'))
    assert.ok(whole.length > 1, 'besides the first line')
    await reader?.cancel()
    assert.equal(rig.daemon.isIdle, true)
  })

  test('a second daemon is told that there is one', async () => {
    await using rig = await openDaemonRig()
    await using served = await serve(rig)
    const second = serveSocket(served.path, served.app)
    await assert.rejects(
      second,
      (error) => error instanceof AppError && error.code === 'daemon-runs',
    )
    assert.equal((await served.client.ask('GET /state')).pid, process.pid)
  })
})
