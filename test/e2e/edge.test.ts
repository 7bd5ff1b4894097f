import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { mustRun, startChild } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startSshd } from './peers/openssh.ts'
import { personAt } from './person.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { untilListening } from './ports.ts'
import { alice, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.example.com'
/** What the edge says the client's address is; in a range for documentation (RFC 5737). */
const clientIp = '203.0.113.7'

describe('behind a load balancer that passes TLS on', () => {
  for (const version of ['send-proxy', 'send-proxy-v2']) {
    peerTest(
      `ssh works, and ${version} carries its address`,
      ['OpenSSH', 'HAProxy'],
      async (scope) => {
        const sshd = await startSshd(scope, host)
        const settings = { use_proxy_protocol: true }
        const rig = await startRig(scope, [route(`${host}:22`, sshd.port)], settings)
        const edge = await startHaproxy(scope, rig.port, version)
        // The whole sign-in runs on the gateway's own name: it has to lead through the edge as well.
        const origin = `https://localhost:${edge}`
        await rig.configure((file) => ({ ...file, authenticate_service_url: origin }))
        await rig.stop()
        await rig.start()
        const person = await personAt(scope, { ...rig, origin }, alice)
        const proxy = `ProxyCommand=${person.proxyCommand('%h:%p')}`
        const args = [...sshd.clientOptions, '-l', sshd.user, '-o', proxy, host, 'echo reached']
        const { output } = await mustRun(scope, program('ssh'), args, person)
        assert.equal(output, 'reached\n')
        const line = await rig.lines.first(({ ended }) => ended !== undefined)
        assert.equal(line['ip'], clientIp)
      },
    )
  }
})

/** HAProxy as a TCP load balancer before the gateway; resolves to its port. */
async function startHaproxy(scope: Scope, gateway: number, version: string): Promise<number> {
  const port = await freePort()
  const path = join(scope.directory, 'haproxy.cfg')
  await writeFile(
    path,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen edge
  bind 127.0.0.1:${port}
  tcp-request connection set-src ipv4(${clientIp})
  server gateway 127.0.0.1:${gateway} ${version}
`,
  )
  const child = startChild(scope, program('haproxy'), ['-db', '-q', '-f', path])
  await untilListening(port, child)
  return port
}
