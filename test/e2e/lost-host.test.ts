// A host that is gone while bytes are on their way to it. The line stays up and loses everything, as it
// looks behind a router: nobody says that the host is not there.
import { join } from 'node:path'
import type { Child } from './child.ts'
import { layLine, type Machine } from './peers/namespaces.ts'
import { peerTest } from './peers.ts'

const needed = ['network namespaces'] as const
const port = 8443
const servicePort = 7777
const nearIPv6 = '[fd09::1]'
const floodBytes = 12 * 1024 * 1024
/** More than a host is given that answers nothing. */
const manyLooks = 15

for (const [listen, host, transport] of [
  // Its addresses stand in the second table.
  ['[::]', '10.9.0.1', 'tcp'],
  [nearIPv6, 'fd09::1', 'tcp'],
  ['0.0.0.0', '10.9.0.1', 'tls'],
] as const) {
  peerTest(
    `a client gone while its service sends is lost, over ${transport} at ${listen}`,
    needed,
    async (scope) => {
      const { near, far } = await layLine(scope, { delayMs: 1 })
      await startService(near, ticks)
      const relay = await startRelay(near, `${listen}:${port}`, '127.0.0.1', transport)
      await startClient(far, host, transport, true).says(/some/)
      await loseFarHost(near)
      await relay.says(/client-reset ETIMEDOUT/)
    },
  )
}

peerTest('a service gone while its client sends is lost', needed, async (scope) => {
  const { near, far } = await layLine(scope, { delayMs: 1 })
  await startService(far, 'socket.write("."); socket.resume()')
  const relay = await startRelay(near, `127.0.0.1:${port}`, far.address, 'tcp')
  const client = startClient(near, '127.0.0.1', 'tcp', true)
  await client.says(/some/)
  client.stdin.write('tick')
  await loseFarHost(near)
  await relay.says(/upstream-reset ETIMEDOUT/)
})

peerTest('a living host may leave its reader stopped', needed, async (scope) => {
  const { near, far } = await layLine(scope, { delayMs: 1 })
  await startService(near, flood)
  const relay = await startRelay(near, `0.0.0.0:${port}`, '127.0.0.1', 'tcp')
  const client = startClient(far, '10.9.0.1', 'tcp', false)
  await relay.says(new RegExp(`stands(?:\\nlook){${manyLooks}}`))
  client.stdin.write('read')
  await client.says(new RegExp(`all ${floodBytes}\n`))
  await relay.says(/-closed in order/)
})

peerTest('a host gone behind a stopped reader is lost', needed, async (scope) => {
  const { near, far } = await layLine(scope, { delayMs: 1 })
  await startService(near, flood)
  const relay = await startRelay(near, `0.0.0.0:${port}`, '127.0.0.1', 'tcp')
  startClient(far, '10.9.0.1', 'tcp', false)
  await relay.says(/stands/)
  await loseFarHost(near)
  await relay.says(/client-reset ETIMEDOUT/)
})

const ticks = 'setInterval(() => socket.write("."), 20)'
const flood = `socket.end(Buffer.alloc(${floodBytes}))`

/** What it does with a connection is `script`. */
async function startService(machine: Machine, script: string): Promise<void> {
  await machine
    .start(process.execPath, [
      '-e',
      `require('node:net').createServer((socket) => { socket.on('error', () => process.exit()); ${script} })
        .listen(${servicePort}, () => console.log('ready'))`,
    ])
    .says(/ready/)
}

async function startRelay(
  machine: Machine,
  listen: string,
  serviceHost: string,
  transport: string,
): Promise<Child> {
  const file = join(import.meta.dirname, 'peers', 'relay-program.ts')
  const args = [file, listen, `${serviceHost}:${servicePort}`, transport]
  const relay = machine.start(process.execPath, args)
  await relay.says(/ready/)
  return relay
}

/** Says \`some\` at its first bytes and \`all N\` at the end. Told to tick, it sends; to read, it reads. */
function startClient(machine: Machine, host: string, transport: string, reads: boolean): Child {
  const script = `
    const options = { host: '${host}', port: ${port}, rejectUnauthorized: false }
    const socket = require('node:${transport === 'tls' ? 'tls' : 'net'}').connect(options)
    let bytes = 0
    const read = () => socket.on('data', (chunk) => {
      if (bytes === 0) console.log('some')
      bytes += chunk.length
    })
    socket.on('end', () => console.log('all ' + bytes))
    socket.on('error', () => process.exit())
    if (${reads}) read()
    else socket.pause()
    process.stdin.on('data', (word) => {
      if (String(word) === 'read') read().resume()
      else setInterval(() => socket.write('.'), 20)
    })`
  return machine.start(process.execPath, ['-e', script])
}

/** Nothing that is sent to the far host arrives, and nobody says so. */
async function loseFarHost(near: Machine): Promise<void> {
  const nowhere = 'lladdr 02:00:00:00:de:ad nud permanent dev line'
  await near.shell(`
    ip neighbour replace 10.9.0.2 ${nowhere}
    ip neighbour replace fd09::2 ${nowhere}
  `)
}
