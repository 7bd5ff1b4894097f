import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { formatPrivateKey } from '../../../src/client/ssh-gen/private-key.ts'
import { createCollected, type Secret } from './collected.ts'
import { createSearch } from './search.ts'
import { secretsIn } from './shapes.ts'

const secret: Secret = { kind: 'code', bytes: Buffer.from('a+b/c="d"&<eä>\\f', 'latin1') }
const text = secret.bytes.toString('latin1')

describe('the search for secrets', () => {
  const find = createSearch([secret, { kind: 'cookie', bytes: randomBytes(16) }])
  const forms: Readonly<Record<string, string | Buffer>> = {
    'as it is': secret.bytes,
    percent: encodeURIComponent(text),
    'percent in lower case': encodeURIComponent(text).replaceAll(/%../g, (it) => it.toLowerCase()),
    'a form': new URLSearchParams({ a: text }).toString(),
    JSON: JSON.stringify({ a: text }),
    'JSON in JSON': JSON.stringify(JSON.stringify({ a: text })),
    hexadecimal: secret.bytes.toString('hex'),
    'HTML attributes': `<a href="a+b/c=&quot;d&quot;&amp;&lt;e\u00e4&gt;\\f">`,
  }
  for (const [name, form] of Object.entries(forms)) {
    test(`finds one that is written in ${name}`, () => {
      const around = [Buffer.from('x'), Buffer.from(form as string, 'latin1'), Buffer.from('y')]
      assert.deepEqual(find(Buffer.concat(around)), [secret])
    })
  }

  for (const before of [0, 1, 2, 3, 4]) {
    test(`finds one in base64, behind ${before} bytes of the same`, () => {
      const around = Buffer.concat([randomBytes(before), secret.bytes, randomBytes(5)])
      for (const encoding of ['base64', 'base64url'] as const) {
        assert.deepEqual(find(Buffer.from(around.toString(encoding))), [secret], encoding)
      }
    })
  }

  test('finds none in other text', () => {
    assert.deepEqual(find(randomBytes(1_048_576)), [])
    assert.deepEqual(find(secret.bytes.subarray(1)), [])
    assert.deepEqual(find(Buffer.alloc(0)), [])
  })
})

describe('a collection of secrets', () => {
  test('refuses what is so short that it is found by chance', () => {
    const { add } = createCollected()
    assert.throws(() => add('code', '1234567'), /a code of 7 bytes is found by chance/)
  })

  test('keeps of a token what proves, since logs may have the rest', () => {
    const collected = createCollected()
    collected.add('session token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.${'s'.repeat(43)}`)
    assert.deepEqual(
      collected.all().map(({ bytes }) => bytes.toString()),
      ['s'.repeat(43)],
    )
  })

  test('takes of a file what is secret in it: of a key its private number, in each line that has some', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const collected = createCollected()
    for (const found of secretsIn(pem)) collected.add('private key', found)
    const number = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
    const find = createSearch(collected.all())
    assert.equal(find(number).length, 1)
    assert.ok(find(Buffer.from(pem)).length > 0)
    assert.equal(find(Buffer.from(pem.split('\n')[3] ?? '')).length, 0)
    assert.deepEqual(secretsIn(pem.replaceAll(/^/gm, '    ')), secretsIn(pem))
    const inToken = Buffer.from(JSON.stringify({ a: 'x', s: 'c2VjcmV0IG9mIGEgdHVubmVsLCAzMg==' }))
    assert.ok(secretsIn(inToken.toString('base64')).includes('c2VjcmV0IG9mIGEgdHVubmVsLCAzMg=='))
  })

  test('takes keys of configurations and of OpenSSH as well', () => {
    const mac = randomBytes(32).toString('base64url')
    const encryption = randomBytes(32).toString('base64')
    const settings = `autocert_eab_mac_key: ${mac}\ntoken_encryption_key: ${encryption}\n`
    assert.deepEqual(secretsIn(settings), [mac, encryption])

    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const inBase64 = `certificate_key: ${Buffer.from(pem).toString('base64')}\n`
    assert.deepEqual(secretsIn(inBase64), secretsIn(pem))

    const [publicHalf, seed] = [randomBytes(32), randomBytes(32)]
    const found = secretsIn(formatPrivateKey(publicHalf, seed))
    assert.deepEqual(found[0], seed)
    assert.ok(found.length > 1, 'no line of the file')
  })
})
