import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connectTls } from '../bad-input/dial.ts'
import { inTime } from './child.ts'
import type { GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** Far more than a pipe and the queue behind it take, in log lines of a kilobyte. */
export const refusals = 1_500
const atOnce = 50
const maxMs = 30_000

/** Asks for what there is not, as many at a time as it may; every one is answered, and makes a long line of the log. */
export async function refuseMany(
  scope: Scope,
  gateway: Pick<GatewayRig, 'port' | 'origin' | 'ca'>,
): Promise<void> {
  const socket = await connectTls(gateway, 'h2')
  const session = http2.connect(gateway.origin, { createConnection: () => socket })
  scope.defer(() => session.destroy())
  session.on('error', () => undefined)
  // How many it may ask for at once; the rest waits here.
  await once(session, 'remoteSettings')
  let left = refusals
  const refuse = async (): Promise<void> => {
    while (left-- > 0) {
      const stream = session.request({
        ':method': 'CONNECT',
        ':authority': 'nowhere.example.com:7',
        'user-agent': 'x'.repeat(900),
      })
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      assert.equal(headers[':status'], 404)
      stream.resume()
      await once(stream, 'close')
    }
  }
  await inTime(
    Promise.all(Array.from({ length: atOnce }, refuse)),
    () => `${left} refusals were never answered`,
    maxMs,
  )
  session.close()
}
