import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Actor, Stage } from '../actor.ts'

export interface TunnelOptions {
  /** What a service account is let in by. */
  readonly credential: string
  readonly target: string
}

const mostTunnels = 4

/** A program that opens tunnels, which are cut: the log says so of each that was. */
export function tunnelActor(stage: Stage, { credential, target }: TunnelOptions): Actor {
  const { control, records, random, port, ca } = stage
  const open = new Set<TLSSocket>()

  async function dial(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    const head = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`]
    socket.write([...head, `Authorization: Pomerium ${credential}`, '', ''].join('\r\n'))
    assert.match(await read(socket), /^HTTP\/1\.1 200 /)
    socket.write('hello')
    assert.equal(await read(socket), 'hello')
  }

  async function cut(): Promise<void> {
    const { tunnels } = await control.listTunnels()
    const [one] = tunnels
    if (one === undefined) return
    await stage.change(() => control.cutTunnels({ id: one.id }))
    records.expect('tunnels cut', one.id)
  }

  return {
    name: 'tunnels',
    act: () => (open.size < mostTunnels && random.share() < 0.6 ? dial() : cut()),
    /** None outlives its gateway. */
    check: async () => {
      for (const socket of open) socket.destroy()
      assert.deepEqual((await control.listTunnels()).tunnels, [])
    },
  }
}

async function read(socket: TLSSocket): Promise<string> {
  const gone = once(socket, 'close').then(() => Promise.reject(new Error('the tunnel has ended')))
  gone.catch(() => undefined)
  const [data] = (await Promise.race([once(socket, 'data'), gone])) as [Buffer]
  return data.toString()
}
