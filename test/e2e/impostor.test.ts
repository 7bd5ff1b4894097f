// Somebody has the gateway's name, certificate and key. What a connector tells them admits nobody at the gateway.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { openConnectorEnd } from '../../src/tunnel/connector/connector-end.ts'
import { openGatewayEnd } from '../../src/tunnel/connector/gateway-end.ts'
import { connectorProtocol, type FromConnector } from '../../src/tunnel/connector/protocol.ts'
import type { GatewayEnd } from '../../src/tunnel/connector/session.ts'
import {
  decodeTunnelToken,
  encodeTunnelToken,
  type TunnelCredential,
} from '../../src/tunnel/tunnel-credential.ts'
import { inTime, startChild, type Child } from './child.ts'
import { startConnectorRig, type ConnectorRig } from './connector-rig.ts'
import { peerTest } from './peers.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'
import { startService } from './services.ts'

/** Names that a connector tells nobody but its gateway. */
const inner = 'db.inner.example'

peerTest('an impostor that passes everything on is not let in by it', [], async (scope) => {
  const { rig, credential, startConnectorAt } = await openRig(scope)
  const heard: Buffer[] = []
  const port = await startImpostor(scope, rig, (atConnector) => {
    const atGateway = dial(scope, rig)
    atConnector.on('data', (chunk: Buffer) => heard.push(chunk))
    atConnector.pipe(atGateway).pipe(atConnector)
  })
  const connector = await startConnectorAt(port)
  assert.equal(await inTime(connector.ended, () => 'it is let in'), 4)
  assert.match(connector.errors(), /does not prove the secret .* or something .* ends TLS/)
  assert.match(connector.errors(), /a way that leaves TLS alone/)
  const refused = await rig.lines.first((line) => line['message'] === 'connector refused')
  assert.equal(refused['why'], 'wrong-secret')

  const bytes = Buffer.concat(heard)
  for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const)
    assert.equal(bytes.includes(credential.secret.toString(form), 0, 'latin1'), false, form)
  assert.equal(bytes.includes(inner), false)

  const [line = ''] = /\{"type":"prove"[^\n]*\}/.exec(bytes.toString('latin1')) ?? []
  const proving = JSON.parse(line) as FromConnector
  assert.ok(proving.type === 'prove' && proving.tunnelId === credential.tunnelId)
  await assertRefused(scope, rig, proving)
  // The same bytes on a connection of its own, frame by frame.
  const again = dial(scope, rig)
  again.resume().write(bytes)
  await inTime(once(again, 'close'), () => 'the gateway keeps it')
  assert.deepEqual(await connectionsAt(rig), [])
})

peerTest(
  'an impostor that plays the gateway is told nothing and given nothing',
  [],
  async (scope) => {
    const { rig, credential, startConnectorAt } = await openRig(scope)
    const heard: FromConnector[] = []
    const faults: string[] = []
    const again = Promise.withResolvers<void>()
    const port = await startImpostor(scope, rig, (socket) => {
      if (heard.length >= 2) again.resolve()
      openGatewayEnd(socket).then(
        (end) => play(end, heard, faults),
        () => undefined,
      )
    })
    const connector = await startConnectorAt(port)
    await connector.says(/does not prove the secret of this tunnel: it is not the gateway/)
    // It goes on trying, and is not registered by that.
    await inTime(again.promise, () => 'it does not try again')
    assert.doesNotMatch(connector.errors(), /Registered/)
    connector.signal('SIGTERM')
    assert.equal(await connector.ended, 0)

    assert.deepEqual(new Set(heard.map(({ type }) => type)), new Set(['prove']))
    assert.ok(faults.length > 0)
    for (const code of faults) assert.match(code, /^connector-(bad-grant|lost|reset)$/)
    assert.equal(JSON.stringify(heard).includes(credential.secret.toString('base64url')), false)
    for (const proving of heard.slice(0, 2)) await assertRefused(scope, rig, proving)
    assert.deepEqual(await connectionsAt(rig), [])

    // With the gateway itself the same token is good.
    const right = await startConnectorAt(rig.port)
    await right.says(/Registered tunnel connection connIndex=0 /)
    assert.notDeepEqual(await connectionsAt(rig), [])
  },
)

interface ImpostorRig {
  readonly rig: ConnectorRig
  readonly credential: TunnelCredential
  /** A connector whose gateway is at this port: the name and its certificate are the gateway's. */
  startConnectorAt(port: number): Promise<Child>
}

async function openRig(scope: Scope): Promise<ImpostorRig> {
  const rig = await startConnectorRig(scope)
  const credential = decodeTunnelToken(await readFile(rig.tokenFile, 'utf8'))
  const ingress = [
    { hostname: 'tcp.site.com', service: `tcp://${inner}:5432` },
    { service: 'http_status:404' },
  ]
  return {
    rig,
    credential,
    async startConnectorAt(port) {
      const token = encodeTunnelToken({ ...credential, gateway: `https://localhost:${port}` })
      const config = join(scope.directory, `config-${port}.yml`)
      await writeFile(config, JSON.stringify({ token, ingress }), { mode: 0o600 })
      const command = posternCommand('tunnel', 'run', '--config', config)
      return startChild(scope, ...command, { env: { HOME: scope.directory } })
    },
  }
}

async function startImpostor(
  scope: Scope,
  { home }: ConnectorRig,
  serve: (socket: tls.TLSSocket) => void,
): Promise<number> {
  const [cert, key] = await Promise.all(
    ['cert.pem', 'key.pem'].map((file) => readFile(join(home, file))),
  )
  const server = tls.createServer({ cert, key, ALPNProtocols: [connectorProtocol] })
  server.on('secureConnection', (socket) => serve(socket.on('error', () => undefined)))
  return startService(scope, (socket) => void server.emit('connection', socket))
}

/** Says that it is registered, whatever it is told, and asks for a stream. */
async function play(end: GatewayEnd, heard: FromConnector[], faults: string[]): Promise<void> {
  const opening = end.openStream(
    { authority: 'tcp.site.com:443', grant: 'a.b.c' },
    new AbortController().signal,
  )
  opening.catch((error: { readonly code: string }) => faults.push(error.code))
  for await (const message of end.control.messages) {
    heard.push(message)
    if (message.type === 'prove') end.control.send({ type: 'proved', proof: message.proof })
    end.control.send({ type: 'registered', connectionId: 'i', location: 'here', notices: [] })
  }
}

function dial(scope: Scope, { port, ca }: ConnectorRig): tls.TLSSocket {
  const options = { port, ca, servername: 'localhost', ALPNProtocols: [connectorProtocol] }
  const socket = tls.connect({ host: '127.0.0.1', ...options })
  scope.defer(() => void socket.destroy())
  return socket.on('error', () => undefined)
}

/** What was heard is said on another connection to the gateway. */
async function assertRefused(
  scope: Scope,
  rig: ConnectorRig,
  proving: FromConnector,
): Promise<void> {
  const socket = dial(scope, rig)
  await once(socket, 'secureConnect')
  const end = await openConnectorEnd(socket, { onStream: (offer) => offer.refuse('busy', '') })
  end.control.send(proving)
  for await (const message of end.control.messages) {
    assert.equal(message.type === 'refused' && message.code, 'wrong-secret')
    return end.destroy()
  }
  assert.fail('the gateway says nothing')
}

async function connectionsAt(rig: ConnectorRig): Promise<readonly unknown[]> {
  const { output } = await rig.postern(
    'gateway',
    'connectors',
    'list',
    '--json',
    '-c',
    rig.configPath,
  )
  return (JSON.parse(output) as { readonly connectors: unknown[] }).connectors
}
