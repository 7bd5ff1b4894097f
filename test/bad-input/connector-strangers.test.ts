import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe } from 'node:test'
import * as tls from 'node:tls'
import { connectorServerName } from '../../src/links/cloudflared/server-names.ts'
import { openConnectorEnd } from '../../src/tunnel/connector/connector-end.ts'
import { connectorProtocol, type FromConnector } from '../../src/tunnel/connector/protocol.ts'
import { connectTls } from './dial.ts'
import { frame } from './frames.ts'
import { registerAsStock } from './raw-stock-connector.ts'
import { attackTest, many, pour, untilEnd, type Victim } from './victim.ts'

const silent = 40
const pings = Buffer.concat(
  Array.from({ length: 1_000 }, () => frame('ping', 0, 0, Buffer.alloc(8))),
)
/** More than is ever taken: the other side ends it first. */
const endless = Array.from({ length: 4_096 }, () => pings)

describe('a gateway under connectors that nobody knows', () => {
  attackTest('those who ask to be registered, again and again, are refused', async (victim) => {
    await again(2, 80, async () => {
      const end = await openConnectorEnd(await dialAsOurs(victim), { onStream: () => undefined })
      end.control.send(strange())
      await end.ended
    })
  })

  attackTest('stock ones with a wrong secret are refused and closed', async (victim) => {
    // Each is left half a second for its last words.
    await again(16, 8, async () => {
      const socket = await dialAsStock(victim)
      const closed = untilEnd(socket)
      await registerAsStock(socket, { tunnelId: randomUUID(), secret: randomBytes(32) })
      await closed
      socket.destroy()
    })
  })

  attackTest('those who say nothing, or nothing but PING, hold nothing', async (victim) => {
    for (const dial of [dialAsOurs, dialAsStock]) {
      const quiet: Socket[] = []
      await many(silent, async () => void quiet.push(await dial(victim)))
      await many(4, async () => {
        const socket = await dial(victim)
        const ended = untilEnd(socket)
        await pour(socket, [frame('settings', 0, 0), ...endless])
        await ended
        socket.destroy()
      })
      for (const socket of quiet) socket.destroy()
    }
  })
})

/** More at once would keep this process from its neighbour's tunnels. */
function again(atOnce: number, timesEach: number, attack: () => Promise<void>): Promise<void> {
  return many(atOnce, async () => {
    for (let times = 0; times < timesEach; times += 1) await attack()
  })
}

function dialAsOurs({ rig }: Victim): Promise<tls.TLSSocket> {
  return connectTls(rig, connectorProtocol)
}

async function dialAsStock({ rig }: Victim): Promise<tls.TLSSocket> {
  const { port } = rig
  const servername = connectorServerName
  const socket = tls.connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

function strange(): FromConnector {
  return {
    type: 'prove',
    tunnelId: randomUUID(),
    connectorId: randomUUID(),
    connIndex: 0,
    proof: randomBytes(32).toString('base64url'),
  }
}
