import assert from 'node:assert/strict'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { localActor } from '../../src/control/change.ts'
import { testConfig } from '../../src/gateway/gateway.fixture.ts'
import { startGateway, type Gateway } from '../../src/gateway/start.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { verifyAudit } from '../../src/telemetry/audit/verify/verify-audit.ts'
import type { ForwardSettings } from '../../src/telemetry/forward/forwarding.ts'
import { peerTest } from './peers.ts'
import { startRsyslog, type RsyslogOptions } from './peers/rsyslog.ts'
import type { Scope } from './scope.ts'

describe('the audit log, forwarded', () => {
  peerTest(
    'rsyslog has every record, through its restarts and ours',
    ['rsyslog'],
    async (scope) => {
      const { receiver, syslog } = await certificates()
      let rsyslog = await startRsyslog(scope, receiver)
      let gateway = await startForwarding(scope, [syslog])
      const block = async (count: number) => {
        for (let index = 0; index < count; index += 1)
          await gateway.operations.blockPerson(localActor, `ünwelcome-${index}@example.com`, {
            reason: 'x'.repeat(400),
          })
        await gateway.audit.flushed()
      }
      const everything = async () => {
        const kept = await linesOfLog(scope)
        await untilHolds(async () => {
          const there = new Set(await rsyslog.messages())
          return kept.every((line) => there.has(line))
        })
        return kept
      }
      await block(5)
      await everything()
      const header = await rsyslog.lastHeader()
      assert.match(
        header,
        /^109 \S+ \S+ postern person-blocked \[audit@32473 series="people" seq="\d+" kind="admin"/,
      )

      // What is made while it is away, and what it was killed with.
      await rsyslog.stop('SIGKILL')
      await block(50)
      rsyslog = await startRsyslog(scope, receiver)
      await everything()

      // It is away, and so are we: after both are back it goes on where it was.
      await rsyslog.stop()
      await block(5)
      await gateway.close(0)
      gateway = await startForwarding(scope, [syslog])
      await block(5)
      rsyslog = await startRsyslog(scope, receiver)
      const kept = await everything()

      // Whoever has the messages alone can check the chain of what they hold.
      const received = [...new Set(await rsyslog.messages())]
      const people = received.filter((line) => line.startsWith('{"series":"people"'))
      assert.deepEqual(
        people,
        kept.filter((line) => line.startsWith('{"series":"people"')),
      )
      const copy = join(scope.directory, 'received.jsonl')
      await writeFile(copy, people.map((line) => `${line}\n`).join(''))
      const { faults, series } = await verifyAudit({ paths: [copy] })
      assert.deepEqual(faults, [])
      assert.ok(series.some(({ records }) => records >= 65))
    },
  )

  peerTest(
    'a receiver for somebody else, and one that does not know us, get nothing',
    ['rsyslog'],
    async (scope) => {
      const { receiver, syslog, stranger, forOthers } = await certificates()
      const rsyslog = await startRsyslog(scope, receiver)
      const gateway = await startForwarding(scope, [
        // Rsyslog does not know the certificate that this one shows.
        { ...syslog, name: 'unknown', fingerprint: '2', target: { ...syslog.target, ...stranger } },
        // And this one expects another name of it.
        { ...syslog, name: 'others', fingerprint: '3', target: { ...syslog.target, ...forOthers } },
      ])
      await gateway.operations.blockPerson(localActor, 'x@example.com', { reason: 'y' })
      await untilHolds(async () => {
        const text = await gateway.metrics.render()
        return ['unknown', 'others'].every((name) =>
          new RegExp(`forward_failures_total\\{destination="${name}"\\} [1-9]`).test(text),
        )
      })
      assert.deepEqual(await rsyslog.messages(), [])
      assert.match(await gateway.metrics.render(), /forward_up\{destination="others"\} 0/)
    },
  )

  peerTest(
    'a webhook gets lines, and another one after a reload what it missed',
    [],
    async (scope) => {
      const [first, second] = [await startWebhook(scope), await startWebhook(scope)]
      const gateway = await startForwarding(scope, [first.settings])
      await gateway.operations.blockPerson(localActor, 'x@example.com', { reason: 'y' })
      await untilHolds(() => Promise.resolve(first.lines().length >= 2))
      await gateway.reload({
        ...config(scope),
        auditForward: [{ ...second.settings, fingerprint: '2' }],
      })
      // What is made until the first one has ended is the first one's.
      await untilHolds(async () => {
        await gateway.operations.blockPerson(localActor, 'x@example.com', { reason: 'z' })
        return second.lines().length > 0
      })
      await gateway.close(0)
      assert.deepEqual([...first.lines(), ...second.lines()], await linesOfLog(scope))
    },
  )
})

async function certificates() {
  const ours = await createCertificateAuthority({ name: 'ours' })
  const theirs = await createCertificateAuthority({ name: 'theirs' })
  const server = await ours.issue(['localhost'])
  const us = await ours.issueClient({ name: 'gateway', dns: ['gateway'] })
  const other = await theirs.issueClient({ name: 'gateway', dns: ['gateway'] })
  const port = await freePort()
  const receiver: RsyslogOptions = { port, ca: ours.cert, ...server, permitted: 'gateway' }
  const context = (client: typeof us) => createSecureContext({ ca: ours.cert, ...client })
  const address = { host: 'localhost', port }
  const target = { kind: 'syslog', address, tls: { context: context(us) } } as const
  const syslog = { name: 'siem', fingerprint: '1', kinds: undefined, target }
  return {
    receiver,
    syslog,
    stranger: { tls: { context: context(other) } },
    forOthers: { tls: { context: context(us), serverName: 'elsewhere.example.com' } },
  }
}

async function startWebhook(scope: Scope) {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body)
      response.writeHead(204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const target = { kind: 'webhook', url, secret: Buffer.alloc(32, 1), tls: undefined } as const
  return {
    settings: { name: 'hook', fingerprint: '1', kinds: undefined, target },
    lines: () => bodies.join('').split('\n').slice(0, -1),
  }
}

function config(scope: Scope) {
  return { ...testConfig([]), stateDirectory: join(scope.directory, 'state') }
}

async function startForwarding(
  scope: Scope,
  auditForward: readonly ForwardSettings[],
): Promise<Gateway> {
  const lines: string[] = []
  scope.witness('gateway', () => lines.join(''))
  const logSink = { write: (line: string) => void lines.push(line) }
  const gateway = await startGateway({ ...config(scope), auditForward }, { logSink })
  scope.defer(() => gateway.close(0))
  return gateway
}

async function linesOfLog(scope: Scope): Promise<readonly string[]> {
  const directory = join(scope.directory, 'state', 'audit')
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'))
  const texts = await Promise.all(
    names.sort().map((name) => readFile(join(directory, name), 'utf8')),
  )
  return texts.join('').split('\n').slice(0, -1)
}

/** Files of another program tell nobody when they grow. */
async function untilHolds(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 60_000
  while (!(await holds())) {
    assert.ok(Date.now() < deadlineMs, 'it never holds')
    await pause(50)
  }
}
