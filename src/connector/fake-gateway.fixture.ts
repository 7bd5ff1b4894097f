import { generateKeyPair, exportJWK, calculateJwkThumbprint } from 'jose'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { createCertificateAuthority } from '../net/certificate.ts'
import { createDialer } from '../reach/dialer.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { openGatewayEnd } from '../tunnel/connector/gateway-end.ts'
import { isProof, proofOf, type Applicant, type ProofParts } from '../tunnel/connector/proof.ts'
import { connectorProtocol, type FromConnector } from '../tunnel/connector/protocol.ts'
import type { FromGateway } from '../tunnel/connector/protocol.ts'
import type { GatewayEnd } from '../tunnel/connector/session.ts'
import { grantAudience, type GrantClaims } from '../tunnel/grant.ts'
import { signGrant, signGrantKey } from '../tunnel/sign-grant.ts'
import type { TunnelCredential } from '../tunnel/tunnel-credential.ts'

/** One connection of a connector, as the gateway has it. */
export interface AcceptedLink {
  readonly end: GatewayEnd
  readonly registration: Applicant & Extract<FromConnector, { readonly type: 'register' }>
  /** Which it has proved to know. */
  readonly secret: Buffer
  /** What came after the registration. */
  readonly said: FromConnector[]
  readonly socket: Socket
}

/** Whom a stream is for. */
interface Toward extends Pick<AcceptedLink, 'end'> {
  readonly registration: Applicant
}

type Proof = Extract<FromConnector, { readonly type: 'prove' }>

export interface FakeGatewayOptions {
  /** Which it knows. */
  readonly secret?: Buffer
  /** Answers a proof. **Default:** with its own where it knows the secret, which it refuses to do otherwise */
  readonly answerProof?: (
    proof: Proof,
    end: GatewayEnd,
    credential: TunnelCredential,
  ) => FromGateway | 'silent' | undefined
  /** Answers a registration; `silent` answers nothing. */
  readonly answer?: (link: AcceptedLink) => FromGateway | 'silent'
}

/** A gateway for tests that speaks with connectors and with nobody else. */
export interface FakeGateway extends AsyncDisposable {
  readonly port: number
  readonly ca: string
  readonly credential: TunnelCredential
  /** Those that it knows; may be added to. */
  readonly secrets: Buffer[]
  /** Every connection that was registered. */
  readonly links: AcceptedLink[]
  /** Resolves once so many have been registered, gone ones included. */
  linked(count: number): Promise<void>
  /** Resolves once so many more proofs have been refused. */
  refused(count: number): Promise<void>
  /** Opens a stream, with a grant for this connector unless `claims` says otherwise. */
  open(link: Toward, claims?: Partial<GrantClaims>): Promise<Duplex>
  grantFor(link: Toward, claims?: Partial<GrantClaims>): Promise<string>
  /** A new key, and its word by the one it has; grants are signed with it from then on. */
  rotateKey(link: AcceptedLink): Promise<string>
  dialer(): ReturnType<typeof createDialer>
  close(): Promise<void>
}

/** Signs the certificates of these gateways. */
export const fakeGatewayAuthority = await createCertificateAuthority()
const authority = fakeGatewayAuthority
const identity = await authority.issue(['gateway.test', 'localhost'])
const never = new AbortController().signal

/** The public part, and what signs with it. */
async function makeKey() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  const { x = '' } = await exportJWK(publicKey)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x } as const
  return { jwk, privateKey, kid: await calculateJwkThumbprint(jwk) }
}

export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  let key = await makeKey()
  const credential: TunnelCredential = {
    accountTag: 'test',
    tunnelId: randomUUID(),
    secret: options.secret ?? Buffer.alloc(32, 7),
    gateway: 'https://localhost',
    grantKeys: [key.jwk],
    ca: authority.cert,
  }
  const secrets = [credential.secret]
  const links: AcceptedLink[] = []
  const sockets = new Set<Socket>()
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const secure = tls.createServer({ ...identity, ALPNProtocols: [connectorProtocol] })
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    secure.emit('connection', socket)
  })

  const refusals = new EventEmitter()
  const answerOf = options.answer ?? registered
  secure.on('secureConnection', (socket: tls.TLSSocket) => {
    socket.on('error', () => undefined)
    openGatewayEnd(socket, {}).then(
      (end) => serve(end, socket),
      () => undefined,
    )
  })

  function known(proof: Proof, channel: Buffer): ProofParts | undefined {
    return secrets
      .map((secret) => ({ secret, channel, applicant: proof }))
      .find((parts) => isProof(proof.proof, 'connector', parts))
  }

  async function serve(end: GatewayEnd, socket: Socket): Promise<void> {
    let link: AcceptedLink | undefined
    let proved: (Applicant & { readonly secret: Buffer }) | undefined
    for await (const message of end.control.messages) {
      if (message.type === 'prove') {
        const parts = end.channel && known(message, end.channel)
        const { tunnelId, connectorId, connIndex } = message
        proved = parts && { tunnelId, connectorId, connIndex, secret: Buffer.from(parts.secret) }
        const answer =
          options.answerProof?.(message, end, credential) ?? (parts ? proves(parts) : wrongSecret)
        if (answer !== 'silent') end.control.send(answer)
        if (answer !== 'silent' && answer.type === 'refused') refusals.emit('refused')
      } else if (message.type === 'register') {
        if (proved === undefined) throw new Error('a connector registers that has proved nothing')
        const { secret, ...applicant } = proved
        link = { end, registration: { ...applicant, ...message }, secret, said: [], socket }
        const answer = answerOf(link)
        if (answer === 'silent') continue
        end.control.send(answer)
        if (answer.type === 'refused') continue
        links.push(link)
        for (const { count, resolve } of waiting) if (links.length >= count) resolve()
      } else link?.said.push(message)
    }
  }

  async function grantFor(link: Toward, claims: Partial<GrantClaims> = {}): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000)
    const { tunnelId, connectorId } = link.registration
    const all: GrantClaims = {
      iss: 'gateway.test',
      aud: grantAudience(tunnelId, connectorId),
      sub: 'alice@example.com',
      route: 'r',
      hostname: 'tcp.site.com',
      request: randomUUID(),
      jti: randomUUID(),
      iat: nowS,
      exp: nowS + 30,
      ...claims,
    }
    return signGrant(all, key)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    port,
    ca: authority.cert,
    credential: { ...credential, gateway: `https://localhost:${port}` },
    secrets,
    links,
    linked(count) {
      if (links.length >= count) return Promise.resolve()
      return new Promise((resolve) => waiting.push({ count, resolve }))
    },
    refused(count) {
      let left = count
      return new Promise((resolve) => refusals.on('refused', () => (left -= 1) === 0 && resolve()))
    },
    async open(link, claims) {
      const grant = await grantFor(link, claims)
      return link.end.openStream({ authority: 'tcp.site.com:443', grant }, never)
    },
    grantFor,
    async rotateKey({ registration: { tunnelId, connectorId } }) {
      const next = await makeKey()
      const statement = {
        audience: grantAudience(tunnelId, connectorId),
        issuedAtS: Math.floor(Date.now() / 1000),
        keys: [next.kid, key.kid],
      }
      const word = await signGrantKey(next.jwk, statement, key)
      key = next
      return word
    },
    dialer: () =>
      createDialer({
        gateway: parseGatewayUrl(`https://localhost:${port}`),
        trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined },
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function proves(parts: ProofParts): FromGateway {
  return { type: 'proved', proof: proofOf('gateway', parts) }
}

/** The answer of a gateway that knows another secret. */
export const wrongSecret: FromGateway = {
  type: 'refused',
  code: 'wrong-secret',
  message: 'the secret is not right',
  next: 'take another',
  retry: false,
}

/** The answer of a gateway that takes whoever comes. */
export function registered(): FromGateway {
  return {
    type: 'registered',
    connectionId: randomUUID(),
    location: 'gateway-1',
    notices: [],
  }
}
