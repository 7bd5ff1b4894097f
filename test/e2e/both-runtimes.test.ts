// Executables run on Bun and npm packages on Node.js, and any of them may be at either end of a connection with many
// tunnels. What one end does with the credit of HTTP/2 the other has to bear: where it does not, every tunnel is lost.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { executable, posternCommand, posternOnNode } from '../postern-program.ts'
import { inTime, startChild } from './child.ts'
import { startAccess, startConnectorRig } from './connector-rig.ts'
import { peerTest } from './peers.ts'
import { allRegistered } from './publisher.ts'
import { sha256, startService } from './services.ts'
import { takeAll } from './take-all.ts'

type Command = typeof posternCommand

/** In the place of an executable. */
const onNode = ['sh', '-c', `shift; exec '${posternOnNode().flat().join("' '")}' "$@"`, 'sh']

interface Mix {
  readonly launcher: readonly string[]
  /** What client and connector run on. */
  readonly others: Command
}

// POSTERN_LONG_TESTS=1 asks for what takes minutes.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'

const mixes: Readonly<Record<string, Mix>> = {
  'a gateway on Bun with client and connector on Node.js': { launcher: [], others: posternOnNode },
  'a gateway on Node.js with client and connector on Bun': {
    launcher: onNode,
    others: posternCommand,
  },
  // Each end was on it above.
  ...(isLong && { 'all of them on Bun': { launcher: [], others: posternCommand } }),
}

const kib = 1024
/** Of these all have their credit at first, and the connection cannot hold as much. */
const tunnels = { quick: 28, unreadByService: 4, unreadByPerson: 2 } as const
type Kind = keyof typeof tunnels
const kinds = Object.keys(tunnels) as Kind[]
/** More than the system holds of a connection that nobody reads: the rest waits in ours. */
const [smallBytes, largeBytes] = [256 * kib, 7 * 1024 * kib]
const replies = { small: randomBytes(smallBytes), large: randomBytes(largeBytes) }

const direct = 'direct.example.com'

if (executable !== undefined) {
  for (const [name, { launcher, others }] of Object.entries(mixes)) {
    peerTest(`${name} carry many tunnels, some unread, and lose none`, [], async (scope) => {
      const service = await startService(scope, serve)
      const rig = await startConnectorRig(scope, launcher)
      await rig.configure((file) => ({ ...file, routes: [openTo(service)] }))
      await rig.lines.first(({ message }) => message === 'configuration reloaded')
      const connector = ['tunnel', 'run', '--token-file', rig.tokenFile, '--url']
      const command = others(...connector, `tcp://127.0.0.1:${service}`)
      await allRegistered(startChild(scope, ...command, { env: { HOME: scope.directory } }))
      for (const way of [{ hostname: direct }, {}]) {
        const client = await startAccess(scope, rig, { ...way, command: others })
        await carry(client.connect)
      }
    })
  }
}

function openTo(port: number) {
  const from = `tcp+https://${direct}:443`
  const to = `tcp://127.0.0.1:${port}`
  return { from, to, name: 'direct', allow_public_unauthenticated_access: true }
}

let release = Promise.withResolvers<void>()

/** Takes what comes to its end, and answers with its hash and a reply; the first byte says of which kind it is. */
function serve(socket: Socket): void {
  const hash = createHash('sha256')
  socket.once('data', (first: Buffer) => {
    const kind = kinds[first[0] ?? 0]
    hash.update(first)
    socket.on('data', (chunk: Buffer) => hash.update(chunk))
    socket.on('end', () => {
      socket.write(hash.digest())
      socket.end(kind === 'unreadByPerson' ? replies.large : replies.small)
    })
    if (kind !== 'unreadByService') return
    socket.pause()
    void release.promise.then(() => socket.resume())
  })
}

/** On one connection: only its first tunnel says how many it takes. */
async function carry(connect: () => Promise<Socket>): Promise<void> {
  release = Promise.withResolvers()
  await exchangeAs('quick', await connect())
  const sockets = await Promise.all(
    kinds.flatMap((kind) =>
      Array.from({ length: tunnels[kind] }, async () => ({ kind, socket: await connect() })),
    ),
  )
  const exchanges = sockets.map(({ kind, socket }) => ({ kind, ended: exchangeAs(kind, socket) }))
  const quick = exchanges.filter(({ kind }) => kind === 'quick').map(({ ended }) => ended)
  const all = Promise.all(exchanges.map(({ ended }) => ended))
  // One that is lost is what failed, whatever the others wait for.
  await inTime(Promise.race([Promise.all(quick), all]), () => 'those that are read do not end')
  release.resolve()
  await inTime(all, () => 'those that were unread do not end')
}

async function exchangeAs(kind: Kind, socket: Socket): Promise<void> {
  const sent = randomBytes(kind === 'unreadByService' ? largeBytes : smallBytes)
  sent[0] = kinds.indexOf(kind)
  socket.end(sent)
  if (kind === 'unreadByPerson') await release.promise
  const answer = await takeAll(socket)
  const reply = kind === 'unreadByPerson' ? replies.large : replies.small
  assert.equal(sha256(answer), sha256(Buffer.concat([hashOf(sent), reply])), kind)
}

function hashOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
