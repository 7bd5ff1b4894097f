import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  startDeviceRig,
  type Answer,
  type DeviceRig,
  type TestBrowser,
} from '../../gateway/device.fixture.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import {
  decodeDeviceCodeAnswer,
  encodeDeviceCodeRequest,
  encodeDevicePoll,
  type DeviceCodeAnswer,
} from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { bearerOf } from '../../tunnel/publish-credential.ts'
import { makeSealKey, publicKeyField, type IssuedCredential } from '../../tunnel/publish-login.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** A gateway with the sites `site.com` (for the group dba) and `other.com` (for everybody). */
export interface PublishRig extends DeviceRig {
  /** Asks for a code that is to publish. */
  beginPublishing(): Promise<BegunPublishing>
  /** Approves a code as somebody who is signed in in this browser. */
  approve(browser: TestBrowser, code: DeviceCodeAnswer, site: string): Promise<Answer>
  /** A credential for a site, by the whole way to one. */
  publisher(email: string, site: string): Promise<TestPublisher>
}

export interface BegunPublishing {
  readonly code: DeviceCodeAnswer
  /** Polls after the interval: a code of RFC 8628, or the credential. */
  poll(): Promise<string | IssuedCredential>
}

export interface TestPublisher {
  readonly credential: IssuedCredential
  get(path: string): Promise<TestAnswer>
  post(path: string, fields?: Record<string, string>): Promise<TestAnswer>
}

export interface TestAnswer {
  readonly status: number
  readonly json: Record<string, unknown>
}

export async function startPublishRig(t: TestContext): Promise<PublishRig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-sites-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const pair = await (await createCertificateAuthority()).issue(['*.site.com', '*.other.com'])
  await writeFile(join(directory, 'site.crt'), pair.cert)
  await writeFile(join(directory, 'site.key'), pair.key, { mode: 0o600 })
  const rig = await startDeviceRig(t, sites(directory))
  const post = async (path: string, body: string): Promise<Answer> =>
    rig.send('POST', path, { body, headers: form })

  async function beginPublishing(): Promise<BegunPublishing> {
    const key = await makeSealKey()
    const said = encodeDeviceCodeRequest({ host: 'build-7', command: 'postern tunnel login' })
    const keyField = new URLSearchParams({ [publicKeyField]: key.publicKey }).toString()
    const answer = await post(gatewayPaths.publishCode, `${said}&${keyField}`)
    const code = decodeDeviceCodeAnswer(answer.body)
    if (code === undefined) throw new Error(`no code: ${answer.status} ${answer.body}`)
    return {
      code,
      async poll() {
        rig.clock.advance(5000)
        const { body } = await post(gatewayPaths.publishToken, encodeDevicePoll(code.deviceCode))
        const { error, token } = JSON.parse(body) as { error?: string; token?: string }
        return token === undefined ? (error ?? '') : key.open(token)
      },
    }
  }

  async function approve(browser: TestBrowser, code: DeviceCodeAnswer, site: string) {
    const fields = await browser.question(code)
    return browser.post(gatewayPaths.publishLogin, { ...fields, site })
  }

  async function publisher(email: string, site: string): Promise<TestPublisher> {
    const { code, poll } = await beginPublishing()
    await approve(await rig.browserOf(email), code, site)
    const credential = await poll()
    if (typeof credential === 'string') throw new Error(credential)
    const headers = {
      ...form,
      accept: 'application/json',
      authorization: `Bearer ${bearerOf(credential)}`,
    }
    const send = async (method: string, path: string, body: string): Promise<TestAnswer> => {
      const answer = await rig.send(method, path, { headers, body })
      return { status: answer.status, json: JSON.parse(answer.body) as Record<string, unknown> }
    }
    return {
      credential,
      get: (path) => send('GET', path, ''),
      post: (path, fields = {}) => send('POST', path, new URLSearchParams(fields).toString()),
    }
  }

  return { ...rig, beginPublishing, approve, publisher }
}

function sites(directory: string): string {
  const certificate = `certificate_file: ${directory}/site.crt
    certificate_key_file: ${directory}/site.key`
  return `sites:
  - name: site.com
    publish: [{ allow: { or: [{ groups: { has: dba } }] } }]
    ${certificate}
  - name: other.com
    publish: [{ allow: { or: [{ authenticated_user: true }] } }]
    ${certificate}
`
}
