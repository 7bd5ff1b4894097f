import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { createCertificateAuthority, type CertificateAuthority } from '../../net/certificate.ts'
import { findPaths } from './paths.ts'

const read = ({ cert }: { readonly cert: string }): X509Certificate => new X509Certificate(cert)
const client = { name: 'laptop' }
const root = await createCertificateAuthority({ name: 'Root', pathLength: 9 })

/** Authorities below another, each below the last. */
async function chainOf(top: CertificateAuthority, length: number): Promise<CertificateAuthority[]> {
  const chain: CertificateAuthority[] = []
  for (let index = 0; index < length; index += 1) {
    const above = chain.at(-1) ?? top
    chain.push(await above.issueAuthority({ name: `Below ${index}`, pathLength: 9 - index }))
  }
  return chain
}

/** Names of the certificates of each path. */
function namesOf(paths: ReturnType<typeof findPaths>): readonly string[] {
  return paths.map((path) => path.map(({ subject }) => subject.replace('CN=', '')).join(' < '))
}

test('a path leads from the leaf to what is trusted, in whatever order its parts came', async () => {
  const [upper, lower] = await chainOf(root, 2)
  assert.ok(upper && lower)
  const leaf = read(await lower.issueClient(client))
  for (const others of [
    [upper, lower],
    [lower, upper],
    [lower, root, upper, lower],
  ]) {
    const paths = findPaths(leaf, others.map(read), [read(root)])
    assert.deepEqual(namesOf(paths), ['laptop < Below 1 < Below 0 < Root'])
  }
  assert.deepEqual(findPaths(leaf, [read(upper)], [read(root)]), [])
  assert.deepEqual(findPaths(leaf, [read(lower)], [read(root)]), [])
})

test('a trusted certificate ends the path, a root or not, the leaf itself too', async () => {
  const [upper, lower] = await chainOf(root, 2)
  assert.ok(upper && lower)
  const leaf = read(await lower.issueClient(client))
  const trusted = [root, lower].map(read)
  assert.deepEqual(namesOf(findPaths(leaf, [upper, lower].map(read), trusted)), [
    'laptop < Below 1',
  ])
  assert.deepEqual(namesOf(findPaths(leaf, [], [leaf, ...trusted])), ['laptop'])
})

test('a path has at most ten certificates', async () => {
  const chain = await chainOf(root, 9)
  const paths = async (length: number): Promise<number> => {
    const issuer = chain[length - 1]
    assert.ok(issuer)
    const leaf = read(await issuer.issueClient(client))
    return findPaths(leaf, chain.map(read), [read(root)]).length
  }
  assert.equal(await paths(8), 1)
  assert.equal(await paths(9), 0)
})

/** The keys that signatures are checked with from now on. */
function keysUsed(t: TestContext): readonly string[] {
  const keys: string[] = []
  const { verify } = X509Certificate.prototype
  t.mock.method(X509Certificate.prototype, 'verify', function (this: X509Certificate, key) {
    keys.push(key.export({ type: 'spki', format: 'der' }).toString('hex'))
    return verify.call(this, key)
  } satisfies X509Certificate['verify'])
  return keys
}

// Checking one signature takes milliseconds with a key that was made for it.
test('no key of a stranger is used: only those that somebody trusted vouches for', async (t) => {
  const stranger = await createCertificateAuthority({ name: 'Root', pathLength: 9 })
  const below = await chainOf(stranger, 5)
  const issuer = below.at(-1)
  assert.ok(issuer)
  const leaf = read(await issuer.issueClient(client))
  const trusted = read(root)
  const keys = keysUsed(t)
  assert.deepEqual(findPaths(leaf, [stranger, ...below].map(read), [trusted]), [])
  const own = trusted.publicKey.export({ type: 'spki', format: 'der' }).toString('hex')
  for (const key of keys) assert.equal(key, own)
})
