import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { stalls } from '../bad-input/stalled.ts'
import { mustRun, startChild, type Child } from './child.ts'
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

describe('behind a load balancer that tells no address', () => {
  peerTest(
    'its health checks pass while clients of its address stall',
    ['HAProxy'],
    async (scope) => {
      const settings = { log_level: 'debug', max_connections_per_address: 20 }
      const rig = await startRig(scope, [route(`${host}:22`, 1)], settings)
      // As most configurations have it: HTTP/1.0, without a host. A check has so long to connect as it is apart from
      // the next, and the machine may be busy.
      const edge = await startEdge(
        scope,
        `  option httpchk GET /healthz
  server gateway 127.0.0.1:${rig.port} check inter 700ms check-ssl verify none`,
      )
      const checks = new Set<unknown>()
      const passed = async (count: number): Promise<void> => {
        await rig.lines.first((line) => {
          if (line['path'] !== '/healthz') return false
          assert.equal(line['response-code'], 200)
          checks.add(line['request-id'])
          return checks.size >= count
        })
      }
      await passed(1)
      for (let come = 0; come < 100; come += 1) {
        const socket = await stalls['begins a handshake']({ port: edge.port, ca: rig.ca }, '/')
        scope.defer(() => void socket.destroy())
      }
      await rig.lines.first(({ end }) => end === 'address-limit')
      await passed(checks.size + 5)
      assert.doesNotMatch(edge.child.output(), /is DOWN/)
    },
  )
})

/** HAProxy as a TCP load balancer that sends PROXY headers; resolves to its port. */
async function startHaproxy(scope: Scope, gateway: number, version: string): Promise<number> {
  const lines = `  tcp-request connection set-src ipv4(${clientIp})
  server gateway 127.0.0.1:${gateway} ${version}`
  return (await startEdge(scope, lines)).port
}

/** HAProxy as a TCP load balancer before the gateway. */
async function startEdge(
  scope: Scope,
  lines: string,
): Promise<{ readonly port: number; readonly child: Child }> {
  const port = await freePort()
  const path = join(scope.directory, 'haproxy.cfg')
  await writeFile(
    path,
    `global
  log stdout format raw local0 notice
defaults
  log global
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen edge
  bind 127.0.0.1:${port}
${lines}
`,
  )
  const child = startChild(scope, program('haproxy'), ['-db', '-q', '-f', path])
  await untilListening(port, child)
  return { port, child }
}
