import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import * as http2 from 'node:http2'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse, stringify } from 'yaml'
import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { peerTest } from '../e2e/peers.ts'
import { alice, route, startRig, type GatewayRig } from '../e2e/rig.ts'
import type { Scope } from '../e2e/scope.ts'
import { connectTls } from './dial.ts'
import { pour, untilEnd } from './victim.ts'

// docs/limits.md says what happens beyond each bound; here it happens.

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'limits.md'), 'utf8')

/** The row of a bound: its number, and what its reader was promised. */
function row(what: string): { readonly bound: number; readonly beyond: string } {
  const line = page.split('\n').find((text) => text.startsWith(`| ${what} |`))
  if (line === undefined) throw new Error(`docs/limits.md has no row "${what}"`)
  const [, , bound = '', beyond = ''] = line.split('|').map((cell) => cell.trim())
  const [, digits = '', unit = ''] = /^([\d,]+) ?(\w*)/.exec(bound) ?? []
  const factor = { KiB: 1024, MiB: 1024 * 1024 }[unit] ?? 1
  return { bound: Number(digits.replaceAll(',', '')) * factor, beyond }
}

interface Said {
  readonly status: number
  readonly text: string
}

/** One request over HTTP/1.1 and its answer. */
async function ask(
  rig: GatewayRig,
  start: string,
  lines: readonly string[] = [],
  body = '',
): Promise<Said> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  const target = start.split(' ')[1] ?? ''
  const host = start.startsWith('CONNECT') ? target : new URL(rig.origin).host
  const head = [`${start} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines]
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  await pour(socket, [`${[...head, ...length].join('\r\n')}\r\n\r\n${body}`])
  const text = await answer
  return { status: Number(text.slice(9, 12)), text }
}

const json = 'Accept: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'

/** The status and code that a row promises are those of an answer. */
function check(what: string, { status, text }: Said): void {
  const { beyond } = row(what)
  const [, wantedStatus = '', code = ''] = /(\d{3})(?: `(\w+)`)?/.exec(beyond) ?? []
  assert.equal(status, Number(wantedStatus), `${what}: ${text.slice(0, 200)}`)
  if (code !== '') assert.ok(text.includes(`"${code}"`) || text.includes(code), `${what}: ${text}`)
}

describe('docs/limits.md', () => {
  peerTest('is right about what comes over the wire', [], async (scope) => {
    const rig = await startRig(scope, [route('echo.example.com:7', 1)])
    const name = (length: number): string => 'a'.repeat(63).concat('.').repeat(5).slice(0, length)
    const { bound: longest } = row('a host name')
    assert.equal((await ask(rig, `CONNECT ${name(longest)}:7`, [json])).status, 404)
    check('a host name', await ask(rig, `CONNECT ${name(longest + 2)}:7`, [json]))
    const { bound: target } = row('a target of CONNECT')
    check('a target of CONNECT', await ask(rig, `CONNECT ${name(target + 1)}:7`, [json]))

    const fields = Array.from({ length: row("fields of a request's head").bound }, () => 'X: y')
    check("fields of a request's head", await ask(rig, 'GET /healthz', [json, ...fields]))
    const { bound: headBytes } = row('the head of a request')
    check('the head of a request', await ask(rig, 'GET /healthz', [`X: ${'y'.repeat(headBytes)}`]))
    assert.equal(
      (await ask(rig, 'GET /healthz', [`X: ${'y'.repeat(headBytes - 1_000)}`])).status,
      200,
    )

    const { bound: acceptLength } = row('the header `Accept`')
    const accept = (length: number): string[] => [
      `Accept: application/json${',a/b'.repeat(length)}`,
    ]
    assert.match((await ask(rig, 'GET /x', accept(10))).text, /application\/json; charset/)
    assert.match((await ask(rig, 'GET /x', accept(acceptLength / 4))).text, /text\/html; charset/)

    const token = `Authorization: Pomerium ${'x'.repeat(row('a token').bound + 1)}`
    check('a token', await ask(rig, 'CONNECT echo.example.com:7', [json, token]))
    check(
      'the token of a service account',
      await ask(rig, 'CONNECT echo.example.com:7', [json, token]),
    )

    const { bound: address } = row("the address that a client's sign-in ends at")
    const redirect = (length: number): string =>
      `GET /.pomerium/api/v1/login?pomerium_redirect_uri=${'http://127.0.0.1/'.padEnd(length, 'x')}`
    assert.equal((await ask(rig, redirect(address))).status, 200)
    check(
      "the address that a client's sign-in ends at",
      await ask(rig, redirect(address + 1), [json]),
    )

    for (const [what, path] of [
      ['a request of a machine without a browser', '/.postern/v1/device/code'],
      ['a request of a machine without a browser', '/.postern/v1/device/token'],
      ['the form that approves a machine', '/.postern/device'],
      ['a request that exchanges a one-time code', '/.pomerium/api/v1/token'],
    ] as const) {
      const { bound } = row(what)
      const post = (length: number) =>
        ask(rig, `POST ${path}`, [form, json], 'host='.padEnd(length, 'x'))
      check(what, await post(bound + 1))
      assert.notEqual((await post(bound)).status, 413)
    }

    const session = http2.connect(rig.origin, { ca: rig.ca })
    scope.defer(() => session.destroy())
    const [settings] = (await once(session, 'remoteSettings')) as [http2.Settings]
    const { bound: first } = row(
      'requests outside of tunnels under way on one HTTP/2 connection, and streams of any kind before its first tunnel',
    )
    assert.equal(settings.maxConcurrentStreams, first)
  })

  peerTest('is right about the codes of machines', [], async (scope) => {
    const rig = await startRig(scope, [route('echo.example.com:7', 1)])
    const most = 'codes of one machine, by its name and address, that nobody has answered'
    const begin = (): Promise<Said> =>
      ask(rig, 'POST /.postern/v1/device/code', [form, json], 'host=a')
    for (let made = 0; made < row(most).bound; made += 1) assert.equal((await begin()).status, 200)
    check(most, await begin())

    const jar = createCookieJar()
    const origin = new URL(rig.origin)
    await signInWithForms(
      rig.origin + '/.pomerium/sign_in',
      { email: alice },
      { jar, request: { ca: rig.ca } },
    )
    const cookie = `Cookie: ${jar.header(origin) ?? ''}`
    const guess = (): Promise<Said> => ask(rig, 'GET /.postern/device?code=BBBB-BBBB', [cookie])
    const wrong = 'wrong codes of one person in 10 minutes'
    for (let tried = 0; tried < row(wrong).bound; tried += 1)
      assert.equal((await guess()).status, 404)
    check(wrong, await guess())
  })

  peerTest('is right about ports that a refusal names', [], async (scope) => {
    const ports = Array.from({ length: 9 }, (_, index) => 1_001 + index)
    const routes = ports.map((port) => ({
      ...route(`echo.example.com:${port}`, 1),
      name: `echo-${port}`,
      policy: [{ allow: { or: [{ accept: true }] } }],
    }))
    const rig = await startRig(scope, routes)
    const { text } = await ask(rig, 'CONNECT echo.example.com:1', [json])
    const { message } = JSON.parse(text.slice(text.indexOf('{'))) as { message: string }
    assert.equal(
      message.match(/:1\d{3}\b/g)?.length,
      row('ports that `route_not_found` names').bound,
    )
  })

  peerTest('is right about service accounts', [], async (scope) => {
    const rig = await startRig(scope, [route('echo.example.com:7', 1)])
    const create = async (...args: string[]): Promise<unknown> =>
      (await rig.postern('service-account', 'create', ...args, '-c', rig.configPath)).ending
    const { bound: id } = row('the id of a service account')
    assert.equal(await create('a'.repeat(id)), 0)
    assert.equal(await create('a'.repeat(id + 1)), 2)
    const { bound: description } = row('the description of a service account')
    assert.equal(await create('b', '--description', 'x'.repeat(description + 1)), 2)

    const path = join(rig.home, '.state', 'postern', 'gateway', 'control.sock')
    const socket = connect({ path, allowHalfOpen: true })
    socket.on('error', () => undefined)
    const answer = untilEnd(socket)
    const body = 'x'.repeat(row('a request about service accounts').bound + 1)
    const head = `POST /service-accounts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`
    await pour(socket, [`${head}Content-Length: ${body.length}\r\n\r\n${body}`])
    const text = await answer
    check('a request about service accounts', { status: Number(text.slice(9, 12)), text })
  })

  peerTest('is right about what does not load', [], async (scope) => {
    const rig = await startRig(scope, [route('echo.example.com:7', 1)])
    const checked = checker(rig)
    assert.deepEqual(await checked({}), { ending: 0, names: '' })
    const one = route('echo.example.com:7', 1)
    const many = row('values of a configuration, aliases expanded').bound
    const cases: Readonly<Record<string, readonly [fault: RegExp, settings: object]>> = {
      'the `contact` of a route': [
        /contact: must be at most/,
        {
          routes: [
            {
              ...one,
              listed: true,
              contact: 'x'.repeat(row('the `contact` of a route').bound + 1),
            },
          ],
        },
      ],
      'the `from` of a route': [
        /from: must be at most/,
        {
          routes: [
            { ...one, from: `tcp+https://${'a'.repeat(row('the `from` of a route').bound)}:7` },
          ],
        },
      ],
      'the weight of an upstream': [
        /weight of .* 1 to 4294967295/,
        {
          routes: [
            { ...one, to: [`tcp://127.0.0.1:1,${row('the weight of an upstream').bound + 1}`] },
          ],
        },
      ],
      '`max_verify_depth`': [
        /max_verify_depth: must be at most/,
        {
          downstream_mtls: {
            ca_file: rig.caFile,
            max_verify_depth: row('`max_verify_depth`').bound + 1,
          },
        },
      ],
      'a file that the configuration names': [
        /it is larger than/,
        {
          certificate_file: await big(scope, row('a file that the configuration names').bound + 1),
        },
      ],
      'values of a configuration, aliases expanded': [
        /holds more than 200000 values/,
        { access_log_fields: Array.from({ length: many }, () => 'ip') },
      ],
    }
    for (const [what, [fault, settings]] of Object.entries(cases)) {
      const { ending, names } = await checked(settings)
      assert.equal(ending, 2, `${what}: ${names}`)
      assert.match(names, fault)
    }
  })
})

/** Runs `gateway check` on the rig's file with other settings: how it ends, and what it complains about. */
function checker(
  rig: GatewayRig,
): (settings: object) => Promise<{ ending: unknown; names: string }> {
  const file = parse(readFileSync(rig.configPath, 'utf8')) as object
  return async (settings) => {
    const path = join(rig.home, 'other.yaml')
    await writeFile(path, stringify({ ...file, ...settings }, { aliasDuplicateObjects: false }))
    const { ending, errors } = await rig.postern('gateway', 'check', '-c', path)
    return { ending, names: ending === 0 ? '' : errors }
  }
}

async function big(scope: Scope, bytes: number): Promise<string> {
  const path = join(scope.directory, 'big.pem')
  await writeFile(path, Buffer.alloc(bytes, 'x'))
  return path
}
