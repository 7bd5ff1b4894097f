import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  registered,
  startFakeGateway,
  type AcceptedLink,
  type FakeGateway,
} from '../../src/connector/fake-gateway.fixture.ts'
import { always } from '../../src/tunnel/connector/ends.fixture.ts'
import type { FromGateway } from '../../src/tunnel/connector/protocol.ts'
import type { GatewayEnd } from '../../src/tunnel/connector/session.ts'
import { encodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { inTime, startChild, type Child } from '../e2e/child.ts'
import { connectionCount } from '../e2e/publisher.ts'
import { posternCommand } from '../e2e/rig.ts'
import { inScope, type Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { memoryOf } from './memory-cage.ts'

const authority = 'tcp.site.com:443'
const clears = '\u001b[2J'

/** What a gateway does to a connection; where it does nothing, it is a true one. */
interface Attack {
  readonly unproved?: (end: GatewayEnd) => FromGateway | 'silent'
  readonly registered?: (link: AcceptedLink, gateway: FakeGateway) => void
}

/** Streams at once, whatever becomes of each. */
function openMany(
  { end }: AcceptedLink,
  count: number,
  grant: (index: number) => Promise<string>,
): void {
  for (let index = 0; index < count; index += 1)
    void grant(index)
      .then((it) => end.openStream({ authority, grant: it }, always))
      .catch(() => undefined)
}

const attacks: Readonly<Record<string, Attack>> = {
  'answers no proof': { unproved: () => 'silent' },
  'says that it has proved itself': { unproved: () => ({ type: 'proved', proof: 'x' }) },
  'takes it without a proof': { unproved: () => registered() },
  'refuses it, each time in other words': {
    unproved: () => ({
      type: 'refused',
      code: crypto.randomUUID(),
      message: `${clears}${crypto.randomUUID().repeat(400)}`,
      next: clears.repeat(4_000),
      retry: true,
    }),
  },
  'takes it and lets go': { registered: ({ socket }) => void socket.destroy() },
  'wants it replaced, a hundred times': {
    registered({ end }) {
      for (let times = 0; times < 100; times += 1) end.control.send({ type: 'draining' })
    },
  },
  'tells it a hundred things, and keys that are none': {
    registered({ end }) {
      for (let times = 0; times < 50; times += 1) {
        end.control.send({ type: 'notice', message: `${clears}${times} ${'x'.repeat(16_000)}` })
        end.control.send({ type: 'grant-key', signed: 'a.b.c'.repeat(3_000) })
      }
    },
  },
  'opens streams without a grant': {
    registered: (link) => openMany(link, 1_000, () => Promise.resolve('')),
  },
  'opens streams with one grant': {
    registered(link, gateway) {
      const grant = gateway.grantFor(link)
      openMany(link, 100, () => grant)
    },
  },
  'opens streams and never reads': {
    registered: (link, gateway) => openMany(link, 50, () => gateway.grantFor(link)),
  },
}

/** What a program needs, and what it may use for a few hundred streams that are full. */
const maxMemoryMib = 320
/** Of one attack: each of four connections is made anew a few times. */
const maxLines = 150
const maxTestMs = 180_000

test(
  'a connector outlives whatever its gateway does, says little of it, and is back when that has ended',
  { timeout: maxTestMs },
  (t) =>
    inScope(
      async (scope) => {
        let attack: Attack = {}
        let attacked = Promise.withResolvers<void>()
        let [count, cutAll] = [0, (): void => undefined]
        const ends = new Set<GatewayEnd>()
        const note = (): void => void ((count += 1) >= 2 && attacked.resolve())
        const gateway = await startFakeGateway({
          answerProof(_proof, end) {
            ends.add(end)
            void end.ended.then(() => ends.delete(end))
            if (attack.unproved === undefined) return undefined
            note()
            return attack.unproved(end)
          },
          answer(link) {
            // Behind the answer.
            setImmediate(() => {
              if (attack.registered === undefined) return
              attack.registered(link, gateway)
              note()
            })
            return registered()
          },
        })
        scope.defer(() => gateway.close())
        cutAll = () => ends.forEach((end) => end.destroy())
        const reached = { connections: 0 }
        const connector = await startConnector(scope, gateway, await startSource(scope, reached))
        await inTime(gateway.linked(connectionCount), () => connector.errors())

        for (const [what, next] of Object.entries(attacks)) {
          const before = connector.errors().length
          const reachedBefore = reached.connections
          ;[attack, attacked, count] = [next, Promise.withResolvers(), 0]
          cutAll()
          await inTime(attacked.promise, () => `nobody came when the gateway ${what}`)
          const took = count
          attack = {}
          cutAll()
          const links = gateway.links.length
          await inTime(gateway.linked(links + 1), () => `not back after it ${what}`)
          const said = connector.errors().slice(before)
          assert.ok(said.split('\n').length < maxLines, `${what}: ${said}`)
          assert.ok(!said.includes('\u001b'), `${what}: ${said}`)
          const { own } = await memoryOf(connector.pid)
          assert.ok(own < maxMemoryMib, `${own} MiB when the gateway ${what}`)
          const dialled = reached.connections - reachedBefore
          if (what === 'opens streams with one grant') assert.ok(dialled <= took, `${dialled}`)
          else if (what !== 'opens streams and never reads') assert.equal(dialled, 0, what)
        }
        connector.signal('SIGTERM')
        assert.equal(await connector.ended, 0)
      },
      (text) => t.diagnostic(text),
    ),
)

/** A service that says without end whatever is taken. */
function startSource(scope: Scope, reached: { connections: number }): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024)
  return startService(scope, (socket: Socket) => {
    reached.connections += 1
    const say = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', say)
    say()
  })
}

async function startConnector(scope: Scope, gateway: FakeGateway, port: number): Promise<Child> {
  const tokenFile = join(scope.directory, 'token')
  await writeFile(tokenFile, encodeTunnelToken(gateway.credential), { mode: 0o600 })
  const args = ['tunnel', 'run', '--token-file', tokenFile, '--url', `tcp://127.0.0.1:${port}`]
  return startChild(scope, ...posternCommand(...args), { env: { HOME: scope.directory } })
}
