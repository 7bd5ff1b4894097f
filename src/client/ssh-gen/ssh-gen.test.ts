import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { silentLogger } from '../../log.ts'
import { followSignIn, startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import type { FakeGateway, FakeGatewayOptions } from '../../reach/fake-gateway.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { ed25519Key, encodeToBeSigned, formatCertificate } from '../../tunnel/ssh/certificate.ts'
import { parseSshPublicKey, type SshPublicKey } from '../../tunnel/ssh/public-key.ts'
import { parseApplication } from '../applications/application.ts'
import { keyFilesFor, openKey, type KeyFiles } from './key-files.ts'
import { publicKeyOf } from './private-key.ts'
import { holdCertificate, type HeldCertificate } from './ssh-gen.ts'

const never = new AbortController().signal

async function homeOf(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'postern-ssh-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  return home
}

/** A certificate for a key that holds for so many seconds from now on. */
function certificateFor(key: SshPublicKey, leftS: number): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const nowS = Math.floor(Date.now() / 1000)
  const toBeSigned = encodeToBeSigned(
    key,
    {
      serial: 1n,
      keyId: 'ada',
      principals: ['ada'],
      validAfterS: nowS - 60,
      validBeforeS: nowS + leftS,
      extensions: [],
    },
    ed25519Key(Buffer.from(x, 'base64url')),
    Buffer.alloc(32),
  )
  return formatCertificate(key, toBeSigned, sign(null, toBeSigned, privateKey), 'ada')
}

interface Rig {
  readonly gateway: FakeGateway
  readonly files: KeyFiles
  hold(): Promise<HeldCertificate>
}

/** A machine whose gateway answers the question for a certificate so. */
async function openRig(
  t: TestContext,
  answer: (key: SshPublicKey) => { readonly status: number; readonly body: string },
): Promise<Rig> {
  const home = await homeOf(t)
  const answers: NonNullable<FakeGatewayOptions['answers']> = {}
  const gateway = await startFakeGateway({ answers })
  t.after(() => gateway[Symbol.asyncDispose]())
  const destination = parseApplication(new URL(gateway.origin).host)
  const files = keyFilesFor(home, destination)
  Object.assign(answers, { [gatewayPaths.sshSign]: answer(await openKey(files)) })
  const options = {
    gateway: destination.gateway,
    trust: { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined },
    presentSignIn: (url: string) => void followSignIn(url),
    serviceAccountToken: undefined,
    log: silentLogger,
    cacheDirectory: join(home, 'cache'),
  }
  return { gateway, files, hold: () => holdCertificate(destination, files, options, never) }
}

describe('the key of an application', () => {
  const application = parseApplication('ssh.site.com')

  test('is made once, for its owner alone, and named after the application', async (t) => {
    const home = await homeOf(t)
    const files = keyFilesFor(home, application)
    const key = await openKey(files)
    assert.deepEqual(await openKey(files), key)
    assert.deepEqual((await readdir(join(home, '.postern'))).toSorted(), [
      'ssh.site.com-ssh-key',
      'ssh.site.com-ssh-key.pub',
    ])
    assert.equal((await stat(files.privateKey)).mode & 0o777, 0o600)
    assert.deepEqual(parseSshPublicKey(await readFile(files.publicKey, 'utf8')), key)
    assert.deepEqual(publicKeyOf(await readFile(files.privateKey, 'utf8')), key)
  })

  test('is the same for many who come at once', async (t) => {
    const files = keyFilesFor(await homeOf(t), application)
    const keys = await Promise.all(Array.from({ length: 20 }, () => openKey(files)))
    assert.equal(new Set(keys.map(({ fields }) => fields.toString('hex'))).size, 1)
    assert.deepEqual(parseSshPublicKey(await readFile(files.publicKey, 'utf8')), keys[0])
    assert.deepEqual((await readdir(join(files.privateKey, '..'))).length, 2)
  })

  test('that is none is named, and not overwritten', async (t) => {
    const files = keyFilesFor(await homeOf(t), application)
    await openKey(files)
    await writeFile(files.privateKey, 'something of mine')
    await assert.rejects(openKey(files), {
      code: 'ssh-key-unusable',
      message: /it is no private key/,
    })
    assert.equal(await readFile(files.privateKey, 'utf8'), 'something of mine')
  })

  test('has a name that every file system takes', () => {
    const names = ['[2001:db8::1]:8443', 'ssh.site.com:8443', 'bücher.example'].map((host) =>
      keyFilesFor('/home/ada', parseApplication(host)).privateKey.replace(
        '/home/ada/.postern/',
        '',
      ),
    )
    assert.deepEqual(names, [
      '2001-db8--1-8443-ssh-key',
      'ssh.site.com-8443-ssh-key',
      'xn--bcher-kva.example-ssh-key',
    ])
  })
})

describe('a certificate for an application', () => {
  const answerWith = (certificate: string) => ({
    status: 200,
    body: JSON.stringify({ certificate }),
  })

  test('is asked for once while it holds, and again before it is over', async (t) => {
    const rig = await openRig(t, (key) => answerWith(certificateFor(key, 300)))
    assert.deepEqual((await rig.hold()).isNew, true)
    const written = await readFile(rig.files.certificate, 'utf8')
    assert.deepEqual((await rig.hold()).isNew, false)
    assert.equal(await readFile(rig.files.certificate, 'utf8'), written)
    assert.equal((await stat(rig.files.certificate)).mode & 0o777, 0o600)

    await writeFile(rig.files.certificate, certificateFor(await openKey(rig.files), 30))
    assert.deepEqual((await rig.hold()).isNew, true)
  })

  test('of a key that was there before is asked for anew', async (t) => {
    const rig = await openRig(t, (key) => answerWith(certificateFor(key, 300)))
    const other = keyFilesFor(await homeOf(t), parseApplication('other.site.com'))
    await writeFile(rig.files.certificate, certificateFor(await openKey(other), 300))
    assert.deepEqual((await rig.hold()).isNew, true)
  })

  test('that the gateway makes for another key, or of something else, is not taken', async (t) => {
    const other = await openKey(keyFilesFor(await homeOf(t), parseApplication('other.site.com')))
    for (const line of [certificateFor(other, 300), 'ssh-ed25519 AAAA', '\u001B[2J', '']) {
      const rig = await openRig(t, () => answerWith(line))
      await assert.rejects(rig.hold(), { code: 'unexpected-answer' })
      await assert.rejects(readFile(rig.files.certificate), { code: 'ENOENT' })
    }
  })

  test('is refused in the words of the gateway', async (t) => {
    const refusal = encodeRefusal({
      code: 'no_ssh_account',
      message: 'your email address names no account here',
      next: 'ask for one',
      requestId: 'r1',
      reasons: [],
    })
    const rig = await openRig(t, () => ({ status: 403, body: refusal }))
    await assert.rejects(rig.hold(), {
      message: 'your email address names no account here',
      hint: 'ask for one',
      requestId: 'r1',
    })
  })

  test('is none at a gateway of an older release', async (t) => {
    const body = encodeRefusal({
      code: 'page_not_found',
      message: 'there is no page here',
      next: 'look elsewhere',
      requestId: 'r1',
      reasons: [],
    })
    const rig = await openRig(t, () => ({ status: 404, body }))
    await assert.rejects(rig.hold(), { code: 'no-ssh-certificates' })
  })
})
