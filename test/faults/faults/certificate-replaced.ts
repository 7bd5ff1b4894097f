import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connectTls } from '../../bad-input/dial.ts'
import type { GatewayRig } from '../../e2e/rig.ts'
import { untouched, type Fault } from '../fault.ts'

const times = { short: 2, long: 20 } as const
const pollMs = 50
const maxShownMs = 20_000

export const certificateReplaced: Fault = {
  name: 'certificate-replaced',
  done: "the gateway's certificate and key are replaced 20 times, the one file after the other",
  holds: 'everything comes out whole, and newcomers are shown the new one each time',
  isShort: true,
  terms: untouched,
  async run({ stage: { rig }, isShort }) {
    const replacements = isShort ? times.short : times.long
    for (let count = 0; count < replacements; count += 1) {
      const before = await shown(rig)
      const { cert, key } = await rig.issue()
      await writeFile(join(rig.home, 'cert.pem'), cert)
      await writeFile(join(rig.home, 'key.pem'), key)
      await untilOther(rig, before)
    }
    return { replacements }
  },
}

async function shown(rig: GatewayRig): Promise<string> {
  const socket = await connectTls(rig, 'h2')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

async function untilOther(rig: GatewayRig, before: string): Promise<void> {
  const deadlineMs = performance.now() + maxShownMs
  while ((await shown(rig)) === before) {
    if (performance.now() > deadlineMs) throw new Error('the old certificate is still shown')
    await wait(pollMs)
  }
}
