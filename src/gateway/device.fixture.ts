import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createCookieJar, type CookieJar } from '../dev-idp/cookie-jar.ts'
import { startDevIdp, type DevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms, type SignInEnd } from '../dev-idp/sign-in-with-forms.ts'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { freePort } from '../net/free-port.fixture.ts'
import {
  decodeDeviceCodeAnswer,
  encodeDeviceCodeRequest,
  encodeDevicePoll,
  type DeviceCodeAnswer,
} from '../tunnel/device.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { loadConfig } from '../config/load.ts'
import type { Operations } from '../control/operations.ts'
import { collectLines, testCa, testCertificate } from './gateway.fixture.ts'
import { startGateway, type Gateway, type GatewayOptions } from './start.ts'

export const alice = 'alice@example.com'
export const bob = 'bob@example.com'
const people = [
  { id: 'u-alice', email: alice, name: 'Alice', groups: ['dba'] },
  { id: 'u-bob', email: bob, name: 'Bob', groups: ['sales'] },
]

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A browser with cookies of its own. */
export interface TestBrowser {
  readonly jar: CookieJar
  get(path: string): Promise<Answer>
  /** Sends a form as a page of this gateway does, unless `headers` say otherwise. */
  post(
    path: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Answer>
  /** Follows an address to its end as somebody. */
  follow(url: string, email: string): Promise<SignInEnd>
  /** The fields of the question about a code, box ticked; `search` is another query of its page. */
  question(code: DeviceCodeAnswer, search?: string): Promise<Record<string, string>>
}

/** A gateway with a provider, and a clock that a test drives. */
export interface DeviceRig {
  readonly origin: string
  readonly idp: DevIdp
  readonly clock: FakeClock
  readonly lines: Record<string, unknown>[]
  line(message: string): Promise<Record<string, unknown>>
  /** The first line, past or to come, that fits. */
  lineWhere(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** The access line of a request for this path. */
  accessLine(path: string): Promise<Record<string, unknown>>
  /** A request without cookies; `from` is a loopback address to come from. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>
  begin(said?: { host: string; command: string }, from?: string): Promise<DeviceCodeAnswer>
  /** Polls after the interval: `authorization_pending`, …, or the token. */
  poll(code: Pick<DeviceCodeAnswer, 'deviceCode'>): Promise<string>
  browser(): TestBrowser
  /** A browser in which somebody is signed in. */
  browserOf(email: string): Promise<TestBrowser>
  reload(change: (yaml: string) => string): Promise<void>
  readonly operations: Operations
  readonly pageRoutes: Gateway['pageRoutes']
}

export interface SendOptions {
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly from?: string
}

const machine = { host: 'build-7', command: 'postern login --device' }

export async function startDeviceRig(
  t: TestContext,
  settings = '',
  options: Pick<GatewayOptions, 'pages'> = {},
): Promise<DeviceRig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-device-'))
  const path = join(directory, 'postern.yaml')
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const backchannelLogout = { uri: origin + gatewayPaths.providerLogout, ca: testCa }
  const idp = await startDevIdp({ people, backchannelLogout })
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  await writeFile(path, configText(origin, idp) + settings, { mode: 0o600 })
  const { sink: logSink, lines, line } = collectLines()
  const clock = createFakeClock(Date.now())
  const { config } = await loadConfig({ path, env: {} })
  const gateway = await startGateway(config, { ...options, logSink, clock })
  t.after(async () => {
    await gateway.close(0)
    await idp.close(0)
    await rm(directory, { recursive: true, force: true })
  })

  const send: DeviceRig['send'] = (method, to, { headers = {}, body = '', from } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = request({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: testCa,
        method,
        path: to,
        headers: { host: `localhost:${port}`, ...headers },
        agent: false,
        ...(from === undefined ? {} : { localAddress: from }),
      })
      outgoing.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const { statusCode = 0 } = response
          const text = Buffer.concat(chunks).toString()
          resolve({ status: statusCode, headers: response.headers, body: text })
        })
      })
      outgoing.end(body)
    })

  const postForm = (to: string, body: string, options: SendOptions = {}): Promise<Answer> =>
    send('POST', to, { ...options, body, headers: { ...formHeaders, ...options.headers } })

  const rig: DeviceRig = {
    origin,
    idp,
    clock,
    lines,
    line: (message) => line((it) => it['message'] === message),
    lineWhere: line,
    accessLine: (to) => line((it) => it['service'] === 'access' && it['path'] === to),
    send,
    async begin(said = machine, from) {
      const body = encodeDeviceCodeRequest(said)
      const answer = await postForm(
        gatewayPaths.deviceCode,
        body,
        from === undefined ? {} : { from },
      )
      const code = decodeDeviceCodeAnswer(answer.body)
      if (code === undefined) throw new Error(`no code: ${answer.status} ${answer.body}`)
      return code
    },
    async poll({ deviceCode }) {
      clock.advance(5000)
      const { body } = await postForm(gatewayPaths.deviceToken, encodeDevicePoll(deviceCode))
      const answer = JSON.parse(body) as { error?: string; token?: string }
      return answer.error ?? answer.token ?? ''
    },
    operations: gateway.operations,
    pageRoutes: gateway.pageRoutes,
    browser: () => createBrowser(rig, postForm),
    async browserOf(email) {
      const browser = rig.browser()
      await browser.follow(`${origin}/.pomerium/`, email)
      return browser
    },
    async reload(change) {
      await writeFile(path, change(await readFile(path, 'utf8')))
      await gateway.reload((await loadConfig({ path, env: {} })).config)
    },
  }
  return rig
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

function createBrowser(
  { origin, send }: DeviceRig,
  postForm: (path: string, body: string, options: SendOptions) => Promise<Answer>,
): TestBrowser {
  const jar = createCookieJar()
  const cookies = (): Record<string, string> => {
    const cookie = jar.header(new URL(origin))
    return cookie === undefined ? {} : { cookie }
  }
  const keep = (answer: Answer): Answer => {
    jar.store(new URL(origin), answer.headers['set-cookie'] ?? [])
    return answer
  }
  const browser: TestBrowser = {
    jar,
    get: async (path) => keep(await send('GET', path, { headers: cookies() })),
    async post(path, form, headers = { origin }) {
      const body = new URLSearchParams(form).toString()
      return keep(await postForm(path, body, { headers: { ...cookies(), ...headers } }))
    },
    follow: (url, email) => signInWithForms(url, { email }, { request: { ca: testCa }, jar }),
    async question({ verificationUriComplete }, asked) {
      const { pathname, search } = new URL(verificationUriComplete)
      const { body } = await browser.get(pathname + (asked ?? search))
      return {
        code: valueOf(body, 'code'),
        form_token: valueOf(body, 'form_token'),
        sign_in_token: valueOf(body, 'sign_in_token'),
        confirmed: valueOf(body, 'confirmed'),
        decision: 'approve',
      }
    },
  }
  return browser
}

export function valueOf(page: string, name: string): string {
  return new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page)?.[1] ?? ''
}

/** The token of a session of its own, by a device code that somebody approves. */
export async function signInByDevice(rig: DeviceRig, email: string): Promise<string> {
  const code = await rig.begin()
  const browser = await rig.browserOf(email)
  const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
  await browser.follow(refreshOf(pressed), email)
  return rig.poll(code)
}

/** What `/.pomerium/user` says to a token. */
export async function whose(rig: DeviceRig, token: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Pomerium ${token}`, accept: 'application/json' }
  const answer = await rig.send('GET', gatewayPaths.user, { headers })
  return JSON.parse(answer.body) as Record<string, unknown>
}

/** Where a page sends its browser by itself. */
export function refreshOf({ headers }: Answer): string {
  return /^0; url=(.*)$/.exec(String(headers['refresh']))?.[1] ?? ''
}

function configText(origin: string, idp: DevIdp): string {
  return `address: ${new URL(origin).host.replace('localhost', '127.0.0.1')}
certificate_file: cert.pem
certificate_key_file: key.pem
authenticate_service_url: ${origin}
idp_provider: oidc
idp_provider_url: ${idp.issuer.href}
idp_client_id: ${idp.clientId}
idp_client_secret: ${idp.clientSecret}
state_directory: state
routes:
  - from: tcp+https://db.example.com:5432
    to: tcp://127.0.0.1:1
    name: the database
    policy: [{ allow: { and: [{ groups: { has: dba } }] } }]
  - from: tcp+https://near.example.com:22
    to: tcp://127.0.0.1:1
    name: only from nearby
    policy: [{ allow: { and: [{ source_ip: 127.0.0.2 }] } }]
`
}
