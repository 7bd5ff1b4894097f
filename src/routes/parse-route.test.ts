import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatPath, parseYaml } from '../yaml-text.ts'
import { checkValue } from '../schema.ts'
import { parseRoute, type ParsedRoute } from './parse-route.ts'
import { routeKeyNames, routeKeys } from './route-keys.ts'

const rules = { clientCertificates: 'policy' } as const
const plain = { from: 'tcp+https://db.example.com:5432', to: 'tcp://10.0.0.1:5432' }

/** Faults as `path: message`, with a hint in brackets. */
function faultsOf(route: unknown): readonly string[] {
  return say(parseRoute(route, rules).faults)
}

function say(faults: ParsedRoute['faults']): readonly string[] {
  return faults.map(({ path, message, hint }) => {
    return `${formatPath(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  })
}

/** A route with every key that can stand beside the others. */
const everything = {
  from: 'tcp+https://gate.example.com/db.example.com:5432/db2.example.com:5432',
  to: ['https://one.example.com,3', 'https://two.example.com:8443,1'],
  allow_metadata_address: false,
  upstream_proxy_protocol: 'v2',
  tls_skip_verify: false,
  tls_upstream_server_name: 'gate.example.com',
  tls_server_name: 'older.example.com',
  tls_custom_ca_file: 'ca.crt',
  tls_client_cert_file: 'client.crt',
  tls_client_key_file: 'client.key',
  id: 'db-1',
  name: 'database',
  description: 'the big one',
  listed: true,
  contact: 'dba@example.com',
  policy: [
    {
      allow: {
        and: [{ domain: { is: 'example.com' } }, { date: { after: '2026-01-01T00:00:00Z' } }],
      },
    },
  ],
  allowed_users: ['alice@example.com'],
  allowed_domains: ['example.com'],
  allowed_idp_claims: { department: ['r&d', 7, true] },
  timeout: '8h',
  idle_timeout: '15m',
  stall_timeout: 0,
  tell: 'postgres',
  max_tunnels: 200,
}

describe('parsing a route of plain data', () => {
  test('gives a definition that says the same, and that is read to itself again', () => {
    const { checked, faults, warnings } = parseRoute(everything, rules)
    assert.deepEqual([faults, warnings], [[], []])
    assert.deepEqual(checked?.definition, everything)
    const stored: unknown = JSON.parse(JSON.stringify(checked?.definition))
    const again = parseRoute(stored, rules)
    assert.deepEqual(again.checked?.definition, everything)
    assert.deepEqual(again.values, checked?.values)
  })

  test('keeps a definition of its own, whatever becomes of the plain value', () => {
    const changing = { ...plain, policy: [{ allow: { or: [{ accept: true }] } }] }
    const { checked } = parseRoute(changing, rules)
    changing.policy.length = 0
    assert.deepEqual(checked?.definition.policy, [{ allow: { or: [{ accept: true }] } }])
  })

  test('tells every fault at its path in the value', () => {
    const wrong = {
      from: 'tcp+https://db.example.com:5432',
      to: ['tcp://10.0.0.1:5432,1', 'tcp://169.254.169.254:80,1', 'udp://10.0.0.1:53'],
      timeout: 900,
      max_tunels: 3,
      address: ':443',
      allowed_groups: ['dba'],
      policy: [{ allow: { or: [{ emial: { is: 'a@example.com' } }] } }],
    }
    const { faults } = parseRoute(wrong, { ...rules, gatewayKeys: ['address'] })
    assert.deepEqual(say(faults), [
      'max_tunels: unknown key (did you mean "max_tunnels"?)',
      'address: unknown key (it is a key of the whole gateway, not of a route)',
      'allowed_groups: is not honoured: write "groups: {has: …}" in "policy"',
      'to[2]: "udp://10.0.0.1:53" is UDP, and Postern serves TCP only',
      'timeout: must be a duration such as 15m, not 900 (add a unit, such as 900s or 900m)',
      'policy[0].allow.or[0].emial: unknown criterion "emial" (did you mean "email"?)',
    ])
    assert.deepEqual(
      faults.map(({ at }) => at),
      ['key', 'key', 'key', 'value', 'value', 'key'],
    )
  })

  test('has no definition beside a fault, and what is right all the same', () => {
    const parsed = parseRoute({ ...plain, id: '../etc', allowed_users: ['alice'] }, rules)
    assert.equal(parsed.checked, undefined)
    assert.equal(parsed.values.from?.text, plain.from)
    assert.equal(parsed.policy?.readsSubject, true)
  })

  test('warns of what has no effect and of a route for nobody', () => {
    const { checked, warnings } = parseRoute({ ...plain, tls_server_name: 'a', prefix: '/' }, rules)
    assert.deepEqual(say(warnings), [
      'prefix: has no effect: applies to HTTP requests, and a tunnel carries bytes',
      'tls_server_name: has no effect: applies to https upstreams; what goes to a tcp:// upstream is sent as it is',
      ': denies everybody: it has no policy (add "policy", or a setting such as "allow_any_authenticated_user")',
    ])
    // What is not read is no part of it.
    assert.deepEqual(checked?.definition, { ...plain, tls_server_name: 'a' })
  })

  test('asks for both halves of a key pair, and for one way to give each', () => {
    const to = 'https://gate.example.com'
    const pem = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64')
    assert.deepEqual(faultsOf({ ...plain, to, tls_client_cert_file: 'a.crt' }), [
      'tls_client_cert_file: needs "tls_client_key" or "tls_client_key_file" as well',
    ])
    assert.deepEqual(faultsOf({ ...plain, to, tls_custom_ca: pem, tls_custom_ca_file: 'a' }), [
      'tls_custom_ca_file: cannot be given together with "tls_custom_ca": choose one of them',
    ])
  })

  test('says what a file says of the same text', () => {
    const text =
      'from: tcp+https://db.example.com\nto: 7\nid: 0123456789abcdef\npolicy: {alow: {}}\n'
    assert.deepEqual(
      faultsOf(parseYaml('x', text).value),
      faultsOf({
        from: 'tcp+https://db.example.com',
        to: 7,
        id: '0123456789abcdef',
        policy: { alow: {} },
      }),
    )
  })

  test('is no route when it is no object, and no route of ours when it is one of the web', () => {
    for (const value of [undefined, null, 'x', 7, [plain]]) {
      assert.match(faultsOf(value).join(), /a route with "from" and "to"/)
    }
    const web = parseRoute({ from: 'https://app.example.com', to: 3, prefix: '/' }, rules)
    assert.deepEqual(
      web.faults.map(({ path }) => path),
      [['from']],
    )
  })

  test('never throws, and always says whether it is a route and why not', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(everything)))
    const route = fc.dictionary(fc.constantFrom(...routeKeyNames), value as fc.Arbitrary<unknown>)
    const some = fc.oneof(
      fc.jsonValue() as fc.Arbitrary<unknown>,
      route,
      route.map((more) => ({ ...plain, ...more })),
    )
    fc.assert(
      fc.property(some, (given) => {
        const { checked, faults } = parseRoute(given, rules)
        assert.equal(checked === undefined, faults.length > 0)
        if (checked === undefined) return
        const again = parseRoute(JSON.parse(JSON.stringify(checked.definition)), rules)
        assert.deepEqual(again.checked?.definition, checked.definition)
      }),
    )
  })
})

describe('the id of a route', () => {
  const ids = (...texts: readonly unknown[]): readonly boolean[] =>
    texts.map((text) => checkValue(text, routeKeys.id.schema).ok)

  test('is of letters, digits, dots, dashes and underscores, and of a length that logs can bear', () => {
    assert.deepEqual(ids('a', 'db-reports_2.eu', '7', 'A'.repeat(64)), [true, true, true, true])
    assert.deepEqual(
      ids('', '.', '..', '-a', 'a b', 'a/b', 'ä', 'a\n', 'A'.repeat(65), 7),
      Array(10).fill(false),
    )
  })

  test('never looks as one that is made from a "from"', () => {
    assert.deepEqual(ids('0123456789abcdef', '0123456789ABCDEF'), [false, false])
    assert.deepEqual(ids('0123456789abcde', '0123456789abcdeff', '0123456789abcdeg'), [
      true,
      true,
      true,
    ])
  })
})
