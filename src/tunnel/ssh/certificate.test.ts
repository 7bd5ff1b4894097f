import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  ed25519Key,
  encodeToBeSigned,
  formatCertificate,
  parseCertificate,
  type SshCertificate,
} from './certificate.ts'
import { formatSshPublicKey, parseSshPublicKey, type SshPublicKey } from './public-key.ts'
import { readSsh, sshString } from './wire.ts'

const authorityPair = generateKeyPairSync('ed25519')
const authority = ed25519Key(
  Buffer.from(authorityPair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
)

const certificate: SshCertificate = {
  serial: 2n ** 64n - 1n,
  keyId: 'ada@site.com request r1',
  principals: ['ada', 'ops'],
  validAfterS: 1_767_225_600,
  validBeforeS: 1_767_225_900,
  extensions: ['permit-pty', 'permit-X11-forwarding', 'permit-agent-forwarding'],
}

function ed25519(): SshPublicKey {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  return ed25519Key(Buffer.from(x, 'base64url'))
}

function ecdsa(namedCurve: string, curve: string): SshPublicKey {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve }).publicKey.export({
    format: 'jwk',
  })
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ])
  return {
    type: `ecdsa-sha2-${curve}`,
    fields: Buffer.concat([sshString(curve), sshString(point)]),
  }
}

const application = sshString('ssh:')
const keys: Readonly<Record<string, SshPublicKey>> = {
  Ed25519: ed25519(),
  'P-256': ecdsa('P-256', 'nistp256'),
  'P-384': ecdsa('P-384', 'nistp384'),
  'P-521': ecdsa('P-521', 'nistp521'),
  'Ed25519 in a security key': {
    type: 'sk-ssh-ed25519@openssh.com',
    fields: Buffer.concat([ed25519().fields, application]),
  },
  'P-256 in a security key': {
    type: 'sk-ecdsa-sha2-nistp256@openssh.com',
    fields: Buffer.concat([ecdsa('P-256', 'nistp256').fields, application]),
  },
}

function issue(key: SshPublicKey): string {
  const toBeSigned = encodeToBeSigned(key, certificate, authority, Buffer.alloc(32, 7))
  const signature = sign(null, toBeSigned, authorityPair.privateKey)
  return formatCertificate(key, toBeSigned, signature, 'ada')
}

describe('a certificate of OpenSSH', () => {
  for (const [name, key] of Object.entries(keys)) {
    test(`for ${name} says what it was made with`, () => {
      const { type, fields, ...said } = parseCertificate(issue(key)) ?? assert.fail('unreadable')
      assert.deepEqual({ type, fields }, key)
      assert.deepEqual(said, {
        ...certificate,
        // By their bytes: "X" comes before "a".
        extensions: ['permit-X11-forwarding', 'permit-agent-forwarding', 'permit-pty'],
      })
    })

    test(`a key of ${name} is read back as it was written`, () => {
      const line = formatSshPublicKey(key, 'ada at home')
      assert.deepEqual(parseSshPublicKey(`${line}\n`), key)
    })
  }

  test('is signed over everything before its signature', () => {
    const bytes = Buffer.from(issue(ed25519()).split(' ')[1] ?? '', 'base64')
    const signed = bytes.subarray(0, -(4 + 4 + 11 + 4 + 64))
    assert.ok(verify(null, signed, authorityPair.publicKey, bytes.subarray(-64)))
  })

  test('is none without its end, and never an exception', () => {
    const [type = '', base64 = ''] = issue(ed25519()).split(' ')
    const bytes = Buffer.from(base64, 'base64')
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 200 }), (length) => {
        const part = bytes.subarray(0, length).toString('base64')
        assert.equal(parseCertificate(`${type} ${part}`), undefined)
      }),
    )
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (text, garbage) => {
        parseCertificate(`${text} ${Buffer.from(garbage).toString('base64')}`)
        parseSshPublicKey(`${text} ${Buffer.from(garbage).toString('base64')}`)
      }),
    )
  })
})

describe('a public key that is asked for', () => {
  const [type = '', base64 = ''] = formatSshPublicKey(ed25519()).split(' ')
  const bytes = Buffer.from(base64, 'base64')
  const asLine = (name: string, blob: Buffer): string => `${name} ${blob.toString('base64')}`

  const refused: Readonly<Record<string, string>> = {
    'with bytes behind it': asLine(type, Buffer.concat([bytes, Buffer.of(0)])),
    'without its end': asLine(type, bytes.subarray(0, -1)),
    'of another type than it says': asLine('ecdsa-sha2-nistp256', bytes),
    'of RSA': `ssh-rsa ${Buffer.concat([sshString('ssh-rsa'), sshString('x')]).toString('base64')}`,
    'of a certificate': issue(ed25519()),
    'on two lines': `${type} ${base64}\nssh-ed25519 AAAA`,
    'with options before it': `no-pty ${type} ${base64}`,
    'off its curve': asLine(
      'ecdsa-sha2-nistp256',
      Buffer.concat([
        sshString('ecdsa-sha2-nistp256'),
        sshString('nistp256'),
        sshString(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])),
      ]),
    ),
    'for another application than ssh': asLine(
      'sk-ssh-ed25519@openssh.com',
      Buffer.concat([
        sshString('sk-ssh-ed25519@openssh.com'),
        ed25519().fields,
        sshString('https://site.com'),
      ]),
    ),
    'of too many characters': `${type} ${base64} ${'x'.repeat(2048)}`,
    '': '',
  }
  for (const [why, line] of Object.entries(refused)) {
    test(`${why || 'that is empty'} is none`, () => {
      assert.equal(parseSshPublicKey(line), undefined)
    })
  }
})

test('a value of SSH that says it is longer than what is there is none', () => {
  const reader = readSsh(Buffer.from('ffffffff00', 'hex'))
  assert.equal(reader.string(), undefined)
  assert.equal(reader.isAtEnd(), false)
})
