import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { createFakeClock, type FakeClock } from '../../fake-clock.ts'
import type { SigningKey } from '../../identity/signing-keys.ts'
import { silentLogger } from '../../log.ts'
import type { CertificatePair } from '../../net/certificate.ts'
import { openTestPort } from '../../port/port.fixture.ts'
import { createConnectorAuthority, type ConnectorAuthority } from './authority.ts'
import { connectorServerName, probeServerName } from './server-names.ts'

const dayMs = 86_400_000

function keyMadeAt(createdAtMs: number, kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = { kty: 'EC', kid, alg: 'ES256', use: 'sig' } as const
  return { kid, privateKey, publicJwk, createdAtMs, retiredAtMs: undefined }
}

let changed: () => void = () => undefined

function open(clock: FakeClock, keys: readonly SigningKey[]): ConnectorAuthority {
  const signingKeys = {
    all: () => Promise.resolve(keys),
    onChanged(listener: () => void) {
      changed = listener
      return { [Symbol.dispose]: () => undefined }
    },
  }
  return createConnectorAuthority({ signingKeys, clock, logger: silentLogger })
}

/** The next certificate that is made. */
function nextOf(authority: ConnectorAuthority): {
  next(): Promise<CertificatePair>
  readonly names: (readonly string[])[]
} {
  const names: (readonly string[])[] = []
  let waiting = Promise.withResolvers<CertificatePair>()
  const kept = authority.keepCertificate((serverNames, pair) => {
    names.push(serverNames)
    waiting.resolve(pair)
  })
  void kept.wanted()
  return {
    names,
    async next() {
      const pair = await waiting.promise
      waiting = Promise.withResolvers()
      return pair
    },
  }
}

test('a connector that trusts the file of an earlier start reaches the gateway of a later one', async (t) => {
  const key = keyMadeAt(Date.now(), 'abcdefghij')
  const clock = createFakeClock(Date.now())
  const file = await open(clock, [key]).file()
  const port = await openTestPort(t)
  const { next, names } = nextOf(open(clock, [key]))
  const pair = await next()
  port.setReservedNames(names[0] ?? [], pair)
  for (const servername of [connectorServerName, probeServerName]) {
    const socket = tls.connect({
      port: port.address.port,
      host: '127.0.0.1',
      servername,
      ca: file,
      ecdhCurve: 'P-256',
    })
    await once(socket, 'secureConnect')
    socket.destroy()
  }
})

test('nothing is made before somebody wants it, and then it is made once', async () => {
  const clock = createFakeClock()
  const made: CertificatePair[] = []
  const authority = open(clock, [keyMadeAt(clock.now(), 'abcdefghij')])
  const kept = authority.keepCertificate((_, pair) => void made.push(pair))
  changed()
  assert.equal(clock.pending, 0)
  await Promise.all([kept.wanted(), kept.wanted()])
  assert.deepEqual([made.length, clock.pending], [1, 1])
  kept[Symbol.dispose]()
  assert.equal(clock.pending, 0)
  const late = authority.keepCertificate((_, pair) => void made.push(pair))
  late[Symbol.dispose]()
  await late.wanted()
  assert.deepEqual([made.length, clock.pending], [1, 0])
})

test('its certificate is renewed long before its end, and right for clocks that are days off', async () => {
  const clock = createFakeClock()
  const { next } = nextOf(open(clock, [keyMadeAt(clock.now(), 'abcdefghij')]))
  for (let renewal = 0; renewal < 3; renewal += 1) {
    const certificate = new X509Certificate((await next()).cert)
    assert.ok(certificate.validFromDate.getTime() <= clock.now() - 7 * dayMs)
    assert.ok(certificate.validToDate.getTime() >= clock.now() + 60 * dayMs)
    clock.advance(30 * dayMs)
  }
})

test('the file has the authorities of all keys, so that one that was changed stays trusted', async () => {
  const keys = [keyMadeAt(2 * dayMs, 'newnewnew'), keyMadeAt(dayMs, 'oldoldold')]
  const authority = open(createFakeClock(), keys)
  const file = await authority.file()
  // No two signatures are the same: they were made once.
  assert.equal(await authority.file(), file)
  const found = file.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const subjects = found.map((pem) => new X509Certificate(pem).subject)
  assert.deepEqual(subjects, ['CN=Postern connectors newnewne', 'CN=Postern connectors oldoldol'])
})

test('a key signs once those before it are forgotten, and then at once', async () => {
  const clock = createFakeClock()
  const keys = [keyMadeAt(clock.now(), 'oldoldold')]
  const authority = open(clock, keys)
  const { next, names } = nextOf(authority)
  const issuerOf = ({ cert }: CertificatePair) => new X509Certificate(cert).issuer
  assert.equal(issuerOf(await next()), 'CN=Postern connectors oldoldol')
  keys.unshift(keyMadeAt(clock.now(), 'newnewnew'))
  changed()
  clock.advance(30 * dayMs)
  assert.equal(issuerOf(await next()), 'CN=Postern connectors oldoldol')
  const renewed = next()
  keys.pop()
  changed()
  assert.equal(issuerOf(await renewed), 'CN=Postern connectors newnewne')
  assert.deepEqual([names.length, clock.pending], [3, 1])
})

test('a store that fails is asked again', async () => {
  const clock = createFakeClock()
  const key = keyMadeAt(clock.now(), 'abcdefghij')
  const failed = Promise.withResolvers<void>()
  let asked = 0
  const authority = createConnectorAuthority({
    signingKeys: {
      all: () => ((asked += 1) === 1 ? Promise.reject(new Error('busy')) : Promise.resolve([key])),
      onChanged: () => ({ [Symbol.dispose]: () => undefined }),
    },
    clock,
    logger: { ...silentLogger, error: () => failed.resolve() },
  })
  const { next } = nextOf(authority)
  await failed.promise
  await Promise.resolve()
  clock.advance(60_000)
  assert.ok((await next()).cert.length > 0)
})
