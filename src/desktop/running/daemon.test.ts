import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { ConfigError } from '../../errors.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { echo, startFakeGateway, type FakeAnswer } from '../../reach/fake-gateway.fixture.ts'
import { connectionSettings } from '../wire/connection.ts'
import { closed, echoed, openDaemonRig, startDoor } from './daemon.fixture.ts'

describe('a connection that is up', () => {
  test('listens, signs in once, is connected, and counts its bytes', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const id = await rig.add(gateway)
    assert.equal(daemon.viewOf(id).state, 'off')
    await daemon.up([id])
    await rig.untilState(id, 'sign-in-needed')
    assert.deepEqual(rig.opened, [], 'nobody is asked to sign in before a program comes')
    const [first, second] = [await rig.dial(id), await rig.dial(id)]
    await Promise.all([echoed(first), echoed(second)])
    assert.equal(rig.opened.length, 1)
    const connected = await rig.untilState(id, 'connected')
    assert.equal(connected.tunnels, 2)
    first.destroy()
    second.destroy()
    const after = await rig.untilState(id, 'listening')
    assert.deepEqual(after.bytes, { up: 28, down: 28 })
    assert.deepEqual([after.trouble, after.tunnels], [undefined, 0])
    const view = await rig.untilGateway(gateway.origin, ({ session }) => session === 'signed-in')
    assert.equal(view.sign_in_url, undefined)
    const messages = daemon.logOf(id).map(({ message }) => message.replaceAll(/\d{4,}/g, 'N'))
    assert.ok(messages.includes('connected 127.0.0.1:N'), messages.join('\n'))
    await daemon.down([id])
    assert.equal(daemon.viewOf(id).state, 'off')
  })

  test('says what the gateway says, until it works again', async () => {
    let answer: FakeAnswer = { status: 403, body: refusal('forbidden', 'ask Ada') }
    await using gateway = await startFakeGateway({ isPublic: true, connect: () => answer })
    await using rig = await openDaemonRig()
    const id = await rig.add(gateway)
    await rig.daemon.up([id])
    await closed(await rig.dial(id))
    const denied = await rig.untilState(id, 'denied')
    assert.match(denied.trouble?.message ?? '', /^not for you/)
    assert.equal(denied.trouble?.hint, 'ask Ada')
    answer = { status: 503, body: refusal('upstream_unreachable', 'wait') }
    await closed(await rig.dial(id))
    await rig.untilState(id, 'service-unreachable')
    answer = { serve: echo }
    const socket = await rig.dial(id)
    await echoed(socket)
    assert.equal((await rig.untilState(id, 'connected')).trouble, undefined)
    socket.destroy()
  })

  test('sees its gateway go and come back by itself, with nobody connecting', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using door = await startDoor(gateway.port)
    await using rig = await openDaemonRig()
    const id = await rig.add({ origin: door.origin, ca: gateway.ca })
    await rig.daemon.up([id])
    const socket = await rig.dial(id)
    await echoed(socket)
    await rig.untilState(id, 'connected')
    const isClosed = closed(socket)
    await door.close()
    await isClosed
    // Of a look that was under way it says at first that the gateway gave no answer.
    await rig.untilState(id, 'gateway-unreachable', ({ trouble }) =>
      /^the gateway "127.0.0.1:\d+" /.test(trouble?.message ?? ''),
    )
    await door.open()
    await rig.untilGateway(door.origin, ({ reach }) => reach === 'reachable')
    assert.notEqual(rig.daemon.viewOf(id).state, 'gateway-unreachable')
    const again = await rig.dial(id)
    await echoed(again)
    again.destroy()
  })

  test('waits for an address that another program has, and names it', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig({
      whoHolds: () => Promise.resolve('it is in use by postgres (process 1)'),
    })
    const id = await rig.add(gateway, { listen: `127.0.0.1:${port}` })
    await rig.daemon.up([id])
    const { state, trouble } = rig.daemon.viewOf(id)
    assert.deepEqual(
      [state, trouble?.message],
      ['not-listening', 'it is in use by postgres (process 1)'],
    )
    other.close()
    await once(other, 'close')
    await rig.untilState(id, 'sign-in-needed')
    const socket = await rig.dial(id)
    await echoed(socket)
    socket.destroy()
  })

  test('with certificates that cannot be read has failed, and says why', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig()
    const { ca_cert: _, ...input } = { ca_cert: undefined, ca_file: '/nowhere/ca.pem' }
    const id = await rig.add({ origin: gateway.origin, ca: '' }, { ...input, ca_cert: undefined })
    await rig.daemon.up([id])
    const { state, trouble } = rig.daemon.viewOf(id)
    assert.deepEqual([state, trouble?.code], ['failed', 'certificate-unreadable'])
  })
})

describe('changing connections', () => {
  test('one that is renamed goes on, one that leads elsewhere begins anew', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const id = await rig.add(gateway)
    await daemon.up([id])
    const socket = await rig.dial(id)
    await echoed(socket)
    await rig.untilState(id, 'connected')
    const { address } = daemon.viewOf(id)
    const { saved } = daemon.find(id)
    const { id: __, address: ___, ...settings } = saved
    await daemon.change({ replace: new Map([[id, { ...settings, name: 'renamed' }]]) })
    assert.deepEqual([daemon.viewOf(id).state, daemon.viewOf(id).address], ['connected', address])
    await echoed(socket)
    const isClosed = closed(socket)
    const elsewhere = { ...settings, destination: 'other.corp:1' }
    await daemon.change({ replace: new Map([[id, elsewhere]]) })
    await isClosed
    const view = await rig.untilState(id, 'sign-in-needed')
    assert.equal(view.authority, 'other.corp:1')
    await daemon.change({ remove: [id] })
    assert.deepEqual(daemon.view().connections, [])
    assert.deepEqual(JSON.parse(await readFile(rig.path, 'utf8')), { version: 1, connections: [] })
  })

  test('is whole or not at all, and names every fault', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig()
    await rig.add(gateway, { name: 'Db', listen: '127.0.0.1:5432' })
    const before = await readFile(rig.path, 'utf8')
    const wrong = [
      { name: 'db', destination: 'a:1' },
      { name: 'second', destination: 'nowhere', listen: '5432' },
      { name: 'third', destination: 'b:2' },
    ].map((input) => connectionSettings.parse(input))
    await assert.rejects(rig.daemon.change({ add: wrong }), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.problems.map(({ path }) => path),
        ['connections[0].name', 'connections[1].destination', 'connections[1].listen'],
      )
      return true
    })
    assert.equal(await readFile(rig.path, 'utf8'), before)
    assert.equal(rig.daemon.all().length, 1)
  })

  test(
    'what cannot be written does not hold',
    { skip: process.getuid?.() === 0 && 'root may write everywhere' },
    async () => {
      await using gateway = await startFakeGateway()
      await using rig = await openDaemonRig()
      await rig.add(gateway)
      await chmod(`${rig.directory}/config`, 0o500)
      await assert.rejects(rig.add(gateway), { code: 'connections-unwritable' })
      assert.equal(rig.daemon.all().length, 1)
      await chmod(`${rig.directory}/config`, 0o700)
    },
  )

  test("those of a team's file are not the daemon's to change, and go with the file", async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const one = connectionSettings.parse({ name: 'a', destination: 'a:1', gateway: gateway.origin })
    const two = { ...one, name: 'b', destination: 'b:2' }
    const [first = '', second = ''] = await daemon.replaceFile('/team.yaml', [one, two])
    await daemon.up([first, second])
    await assert.rejects(daemon.change({ remove: [first] }), { code: 'connection-of-file' })
    const [again = ''] = await daemon.replaceFile('/team.yaml', [one])
    assert.equal(again, first)
    assert.deepEqual(
      daemon.view().connections.map(({ id, is_up: isUp }) => [id, isUp]),
      [[first, true]],
    )
    await daemon.replaceFile('/team.yaml', [])
    assert.deepEqual(daemon.all(), [])
  })

  test('an address of its own stays over restarts, whatever comes beside it', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig({ platform: 'darwin' })
    const input = { listen: undefined, destination: 'same.corp:5432' }
    const ids = [await rig.add(gateway, input), await rig.add(gateway, input)]
    const addresses = ids.map((id) => rig.daemon.viewOf(id).address)
    assert.notEqual(addresses[0], addresses[1])
    await rig.daemon.change({ remove: [ids[0] ?? ''] })
    await using next = await openDaemonRig({ platform: 'darwin', directory: rig.directory })
    assert.equal(next.daemon.viewOf(ids[1] ?? '').address, addresses[1])
  })

  test('what somebody else has written into the file holds from the next change on', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const [kept, gone] = [await rig.add(gateway), await rig.add(gateway)]
    await daemon.up([kept, gone])
    const socket = await rig.dial(kept)
    await echoed(socket)
    const written = JSON.parse(await readFile(rig.path, 'utf8')) as { connections: object[] }
    const [first = {}] = written.connections
    const connections = [
      { ...first, name: 'by hand' },
      { ...first, id: 'c-new', name: 'new', listen: undefined, address: undefined },
    ]
    await writeFile(rig.path, JSON.stringify({ ...written, connections }))
    await assert.rejects(rig.add(gateway), { code: 'connections-changed' })
    const views = daemon.view().connections
    assert.deepEqual(
      views.map(({ id, is_up: isUp, settings }) => [id, isUp, settings.name]),
      [
        [kept, true, 'by hand'],
        ['c-new', false, 'new'],
      ],
    )
    assert.equal(daemon.viewOf(kept).tunnels, 1, 'its tunnels go on')
    socket.destroy()
    await rig.add(gateway)
    assert.match(await readFile(rig.path, 'utf8'), /by hand/)

    await writeFile(rig.path, '{')
    await assert.rejects(rig.add(gateway), { code: 'connections-changed' })
    assert.equal(daemon.view().notices[0]?.code, 'connections-damaged')
    await rig.add(gateway)
    assert.equal(daemon.all().length, 4)
    assert.match(await readFile(rig.path, 'utf8'), /by hand/)
  })

  test('a damaged file is told of', async () => {
    await using rig = await openDaemonRig()
    await using gateway = await startFakeGateway()
    await rig.add(gateway)
    await writeFile(rig.path, '{')
    await using next = await openDaemonRig({ directory: rig.directory })
    const [notice] = next.daemon.view().notices
    assert.equal(notice?.code, 'connections-damaged')
    assert.match(notice?.message ?? '', /connections\.json\.damaged-/)
  })
})

function refusal(code: string, next: string): string {
  return encodeRefusal({ code, message: 'not for you', next, requestId: 'r1' })
}
