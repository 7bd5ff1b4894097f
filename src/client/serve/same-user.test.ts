import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { describe, test, type TestContext } from 'node:test'
import { spawnProgram } from '../../program.fixture.ts'
import { admitSameUser } from './same-user.ts'
import { findOwner } from './socket-owner.ts'

const skip = process.platform === 'linux' ? false : 'needs Linux'
const nobody = 65_534
const port = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

async function listen(t: TestContext, host: string): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return { server, port: (server.address() as AddressInfo).port }
}

async function accepted(t: TestContext, server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.after(() => socket.destroy())
  return socket
}

describe('--same-user', { skip }, () => {
  test("admits this user's own connections, by IPv4, IPv6 and IPv4 in IPv6", async (t) => {
    const admission = await admitSameUser(port)
    for (const [listening, asked] of [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['::', '127.0.0.1'],
      ['::', '::ffff:127.0.0.1'],
    ] as const) {
      const { server, port } = await listen(t, listening)
      const coming = accepted(t, server)
      const own = connect(port, asked)
      t.after(() => own.destroy())
      assert.equal(await admission(await coming), undefined, `${asked} at ${listening}`)
    }
  })

  test('admits a program that has said everything already, and waits for the answer', async (t) => {
    const admission = await admitSameUser(port)
    const { server, port: at } = await listen(t, '127.0.0.1')
    const coming = accepted(t, server)
    const own = connect({ port: at, host: '127.0.0.1', allowHalfOpen: true })
    t.after(() => own.destroy())
    own.end('all')
    const socket = await coming
    await once(socket.resume(), 'end')
    assert.equal(await admission(socket), undefined)
  })

  test('refuses what nobody holds any more: the kernel shows it as root', async (t) => {
    const admission = await admitSameUser(port)
    const { server, port: at } = await listen(t, '127.0.0.1')
    const coming = accepted(t, server)
    const own = connect(at, '127.0.0.1')
    const socket = await coming
    own.end()
    own.destroy()
    await once(socket.resume(), 'end')
    assert.equal(await admission(socket), 'no program of this machine is known to hold it')
  })

  test('refuses another user', { skip: whyNotRoot() }, async (t) => {
    const admission = await admitSameUser(port)
    const { server, port: at } = await listen(t, '127.0.0.1')
    const coming = accepted(t, server)
    const script = `require('node:net').connect(${at}, '127.0.0.1').write('x')`
    const other = spawnProgram(process.execPath, ['-e', script], { uid: nobody, gid: nobody })
    t.after(() => other.kill())
    assert.equal(
      await admission(await coming),
      `its program runs as another user (uid ${nobody})`,
      other.stderr.read()?.toString(),
    )
  })

  test('many connections at once are told apart by few readings', async (t) => {
    const admission = await admitSameUser(port)
    const { server, port: at } = await listen(t, '127.0.0.1')
    const coming: Socket[] = []
    server.on('connection', (socket) => coming.push(socket))
    const own = Array.from({ length: 200 }, () => connect(at, '127.0.0.1'))
    t.after(() => [...own, ...coming].forEach((socket) => socket.destroy()))
    await Promise.all(own.map((socket) => once(socket, 'connect')))
    while (coming.length < own.length) await once(server, 'connection')
    const answers = await Promise.all(coming.map((socket) => admission(socket)))
    assert.deepEqual([...new Set(answers)], [undefined])
  })

  test('needs no look where nobody else can come, and Linux elsewhere', async () => {
    const unix = await admitSameUser({ kind: 'unix', path: '/run/x' }, 'darwin')
    assert.equal(await unix(undefined as never), undefined)
    await assert.rejects(admitSameUser(port, 'darwin'), {
      code: 'same-user-unsupported',
      hint: /"--listen unix:PATH"/,
    })
  })
})

describe(
  "the kernel's table of sockets",
  { skip: endianness() === 'LE' ? false : 'written for LE' },
  () => {
    const ends = {
      localAddress: '127.0.0.1',
      localPort: 8080,
      remoteAddress: '127.0.0.1',
      remotePort: 40_000,
    }
    const row = (addresses: string, state: string, uid: number, inode: number): string =>
      `   7: ${addresses} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0 20\n`
    const peers = '0100007F:9C40 0100007F:1F90'

    test('is read for the side of the peer, not for ours', () => {
      const ours = row('0100007F:1F90 0100007F:9C40', '01', 1, 5)
      assert.equal(findOwner(ours, ends), undefined)
      assert.equal(findOwner(ours + row(peers, '01', 1000, 6), ends), 1000)
    })

    test('counts a connection only while somebody holds it', () => {
      for (const state of ['02', '03', '06', '07', '09', '0A', '0B', '0C']) {
        assert.equal(findOwner(row(peers, state, 0, 5), ends), undefined, state)
      }
      for (const state of ['01', '04', '05', '08']) {
        assert.equal(findOwner(row(peers, state, 0, 0), ends), undefined, state)
        assert.equal(findOwner(row(peers, state, 0, 5), ends), 0, state)
      }
      // What is left of an earlier connection with the same ports.
      assert.equal(findOwner(row(peers, '06', 0, 0) + row(peers, '01', 1000, 5), ends), 1000)
    })

    test('knows an address in each of its spellings', () => {
      const mapped = '0000000000000000FFFF00000100007F'
      const six = row(`${mapped}:9C40 ${mapped}:1F90`, '01', 1000, 5)
      assert.equal(findOwner(six, ends), 1000)
      assert.equal(findOwner(six, { ...ends, remoteAddress: '::ffff:127.0.0.1' }), 1000)
      const loopback = '00000000000000000000000001000000'
      const own = { ...ends, localAddress: '::1', remoteAddress: '::1' }
      assert.equal(findOwner(row(`${loopback}:9C40 ${loopback}:1F90`, '01', 7, 5), own), 7)
    })
  },
)

function whyNotRoot(): string | false {
  if (process.getuid?.() === 0) return false
  if (process.env['CI'] === 'true') throw new Error('root is missing, who can be another user')
  return 'missing: root, who can be another user'
}
