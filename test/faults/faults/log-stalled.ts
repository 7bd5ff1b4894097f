import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connectTls } from '../../bad-input/dial.ts'
import type { Scope } from '../../e2e/scope.ts'
import type { GatewayRig } from '../../e2e/rig.ts'
import { untouched, type Fault } from '../fault.ts'

/** Far more than a pipe, and the queue behind it, take: a kilobyte each. */
const refusals = 1_500
const atOnce = 50

export const logStalled: Fault = {
  name: 'log-stalled',
  done: `whoever reads the log of the gateway stops, while ${refusals} tunnels are refused`,
  holds:
    'everything comes out whole, each refusal is answered, and the log says afterwards how many lines it lacks',
  terms: untouched,
  async run({ stage: { rig, scope } }) {
    const { stdout } = rig.child()
    stdout.pause()
    await refuseMany(scope, rig)
    stdout.resume()
    const told = await rig.lines.first(({ message }) => message === 'log lines were dropped')
    return { refusals, 'lines told as dropped': Number(told['lines']) }
  },
}

async function refuseMany(scope: Scope, rig: GatewayRig): Promise<void> {
  const socket = await connectTls(rig, 'h2')
  const session = http2.connect(rig.origin, { createConnection: () => socket })
  scope.defer(() => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'remoteSettings')
  let left = refusals
  const refuse = async (): Promise<void> => {
    while (left-- > 0) {
      const stream = session.request({
        ':method': 'CONNECT',
        ':authority': 'nowhere.example.com:7',
        'user-agent': 'x'.repeat(900),
      })
      const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
      if (headers[':status'] !== 404) throw new Error(`answered ${headers[':status']}`)
      stream.resume()
      await once(stream, 'close')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, refuse))
  session.close()
}
