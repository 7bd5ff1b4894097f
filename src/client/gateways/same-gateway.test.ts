import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import type { Trust } from '../../reach/trust.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { KnownGateways } from './known-gateway.ts'
import { findSameGateway } from './same-gateway.ts'

type Authority = Awaited<ReturnType<typeof createCertificateAuthority>>

/** A gateway that says that it signs people in there. */
async function gatewayOf(
  authority: Authority,
  names: readonly string[],
  place: string,
): Promise<FakeGateway> {
  const answers = { [gatewayPaths.login]: { status: 200, body: `${place}/.pomerium/sign_in?x=1` } }
  return startFakeGateway({ pair: await authority.issue([...names]), answers })
}

const trusting = (...authorities: readonly Authority[]): Trust => ({
  isVerified: true,
  extraCa: authorities.map(({ cert }) => cert),
  clientCertificate: undefined,
})

function remembered({ port }: FakeGateway, ca: Authority): KnownGateways {
  const url = `https://localhost:${port}`
  return { gateways: [{ name: 'work', url, ca: ca.cert, knownNames: [] }], defaultName: 'work' }
}

/** The address is `127.0.0.1`, the remembered gateway `localhost`. */
async function find(port: number, trust: Trust, all: KnownGateways): Promise<string> {
  const gateway = parseGatewayUrl(`https://127.0.0.1:${port}`)
  const found = await findSameGateway({ gateway, trust }, all, AbortSignal.timeout(60_000))
  return typeof found === 'string' ? found : found.name
}

const place = 'https://access.example.com'
const both = ['localhost', '127.0.0.1']

describe('another name of a remembered gateway', () => {
  test('is found where both say so, and the certificate is for both', async () => {
    const ca = await createCertificateAuthority()
    await using gateway = await gatewayOf(ca, both, place)
    assert.equal(await find(gateway.port, trusting(ca), remembered(gateway, ca)), 'work')
    assert.deepEqual(gateway.connects, [])
  })

  test('is none where the gateway has no certificate for it, though the address says so', async () => {
    const ca = await createCertificateAuthority()
    await using gateway = await gatewayOf(ca, ['localhost'], place)
    await using hostile = await gatewayOf(ca, both, place)
    assert.equal(await find(hostile.port, trusting(ca), remembered(gateway, ca)), 'another')
    assert.equal(hostile.tokens.size, 0)
  })

  test('is none where the address says that it is another', async () => {
    const ca = await createCertificateAuthority()
    await using gateway = await gatewayOf(ca, both, place)
    await using other = await gatewayOf(ca, both, 'https://other.example.com')
    assert.equal(await find(other.port, trusting(ca), remembered(gateway, ca)), 'another')
  })

  test('is none that only the own authority of the gateway vouches for', async () => {
    const [own, bank] = [await createCertificateAuthority(), await createCertificateAuthority()]
    await using greedy = await gatewayOf(own, both, place)
    await using other = await gatewayOf(bank, both, place)
    assert.equal(await find(other.port, trusting(bank), remembered(greedy, own)), 'unknown')
    // The same with an authority that is trusted for that address shows that nothing else was in the way.
    assert.equal(await find(other.port, trusting(bank, own), remembered(greedy, own)), 'work')
  })

  test('is none of an address that cannot be believed, answers nonsense, or is without TLS', async () => {
    const [ca, stranger] = [await createCertificateAuthority(), await createCertificateAuthority()]
    await using gateway = await gatewayOf(ca, both, place)
    const all = remembered(gateway, ca)
    assert.equal(await find(gateway.port, trusting(stranger), all), 'unknown')
    const unchecked = { ...trusting(ca), isVerified: false }
    assert.equal(await find(gateway.port, unchecked, all), 'another')
    for (const nonsense of ['', 'http://a', 'javascript:1', 'https://'])
      await using(await gatewayOf(ca, both, nonsense), async ({ port }) => {
        assert.notEqual(await find(port, trusting(ca), all), 'work', nonsense)
      })
  })
})

async function using(gateway: FakeGateway, use: (gateway: FakeGateway) => Promise<void>) {
  await using it = gateway
  await use(it)
}
