import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConnectionDetail } from '../../src/desktop/wire/calls.ts'
import type { ConnectionView, DaemonView, LogEntry } from '../../src/desktop/wire/view.ts'
import { parseFault } from '../../src/web/desktop/parse-fault.ts'
import { pathOf } from '../../src/web/desktop/path-of.ts'
import { withChange, withLog, withSample } from '../../src/web/desktop/daemon-state.ts'
import {
  callOf,
  emptyForm,
  formOf,
  isSameForm,
  missingOf,
} from '../../src/web/desktop/form/connection-form.ts'
import { keepDraft, readDraft } from '../../src/web/desktop/form/drafts.ts'
import { foldersOf, matching } from '../../src/web/desktop/list/folders.ts'
import { elsewhere, faultAt } from '../../src/web/desktop/problems.ts'
import { emptyTrust, trustFormOf, trustInputOf } from '../../src/web/desktop/trust/trust-form.ts'
import { filterLog } from '../../src/web/desktop/view/log-filter.ts'
import { otherWays } from '../../src/web/desktop/view/other-ways.ts'
import { pictureOf, shownSeconds } from '../../src/web/desktop/view/traffic-bars.ts'
import { originOf, webLink } from '../../src/web/desktop/web-link.ts'

type Settings = ConnectionView['settings']

const settings: Settings = {
  name: 'orders',
  protocol: 'tcp',
  destination: 'orders.example.com:5432',
  disable_tls_verification: false,
  tags: [],
  start_at_launch: false,
  has_client_key: false,
}

function connection(id: string, more: Partial<ConnectionView> = {}): ConnectionView {
  return {
    id,
    settings,
    state: 'listening',
    is_up: true,
    address: '127.88.1.2:5432',
    tunnels: 0,
    bytes: { up: 0, down: 0 },
    ...more,
  }
}

function line(number: number, more: Partial<LogEntry> = {}): LogEntry {
  return { number, connection: 'a', at: '', level: 'info', message: `line ${number}`, ...more }
}

describe('the daemon as events change it', () => {
  const state: DaemonView = {
    version: '1',
    pid: 1,
    started_at: '',
    connections: [connection('a'), connection('b'), connection('c')],
    gateways: [],
    proxies: [],
    notices: [],
  }

  test('what changed takes its place, what is new comes last, what was removed goes', () => {
    const b = connection('b', { state: 'denied' })
    const d = connection('d')
    const now = withChange(state, { kind: 'changed', connections: [b, d], removed: ['a'] })
    assert.deepEqual(
      now.connections.map(({ id }) => id),
      ['b', 'c', 'd'],
    )
    assert.equal(now.connections[0], b)
    assert.equal(now.connections[1], state.connections[2])
    assert.equal(now.gateways, state.gateways)
  })

  test('what is removed and there again within one event is there', () => {
    const a = connection('a', { tunnels: 2 })
    const now = withChange(state, { kind: 'changed', connections: [a], removed: ['a'] })
    assert.equal(
      now.connections.find(({ id }) => id === 'a'),
      a,
    )
  })

  test('an event about gateways alone leaves the list the same object', () => {
    const gateways = [{ origin: 'https://g', reach: 'unknown', session: 'unknown' }] as const
    const event = { kind: 'changed', connections: [], removed: [], gateways } as const
    const now = withChange(state, event)
    assert.equal(now.connections, state.connections)
    assert.equal(now.gateways, gateways)
  })

  test('a line of the log counts once, and only for its connection', () => {
    const detail: ConnectionDetail = {
      connection: connection('a'),
      commands: [],
      log: [line(1), line(2)],
      traffic: [],
    }
    const now = withLog(detail, [line(2), line(3), line(4, { connection: 'b' })])
    assert.deepEqual(
      now.log.map(({ number }) => number),
      [1, 2, 3],
    )
    assert.equal(withLog(detail, [line(1)]), detail)
  })

  test('a second that is told again replaces itself', () => {
    const detail: ConnectionDetail = {
      connection: connection('a'),
      commands: [],
      log: [],
      traffic: [{ second: 7, up: 1, down: 1 }],
    }
    const { traffic } = withSample(detail, { second: 7, up: 2, down: 3 })
    assert.deepEqual(traffic, [{ second: 7, up: 2, down: 3 }])
  })
})

describe('folders', () => {
  const tagged = (id: string, tags: string[], more: Partial<ConnectionView> = {}): ConnectionView =>
    connection(id, { settings: { ...settings, name: id, tags }, ...more })

  test('one with two tags is in both, and each says how many are up', () => {
    const folders = foldersOf([
      tagged('one', ['prod', 'eu']),
      tagged('two', ['prod'], { is_up: false, state: 'off' }),
      tagged('three', [], { state: 'not-listening' }),
    ])
    assert.deepEqual(
      folders.map(({ id, connections, up }) => `${id}: ${up} of ${connections.length}`),
      [': 1 of 3', 'tag:eu: 1 of 1', 'tag:prod: 1 of 2', '-: 0 of 1'],
    )
  })

  test('without any tag there is one folder', () => {
    assert.deepEqual(
      foldersOf([tagged('one', [])]).map(({ id }) => id),
      [''],
    )
  })

  test('a tag that is named like a folder of ours is a folder of its own', () => {
    const ids = foldersOf([tagged('one', ['-', '']), tagged('two', [])]).map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('every word is looked for in name, tags and destination', () => {
    const all = [tagged('Orders DB', ['Prod']), tagged('cache', ['prod'])]
    assert.deepEqual(
      matching(all, ' prod DB').map(({ id }) => id),
      ['Orders DB'],
    )
    assert.equal(matching(all, '5432').length, 2)
    assert.equal(matching(all, '  ').length, 2)
    assert.equal(matching(all, 'nothing').length, 0)
  })
})

describe('the form of a connection', () => {
  const full: Settings = {
    ...settings,
    listen: ':5432',
    gateway: 'https://gate.example.com',
    ca_cert: 'PEM',
    client_cert: 'CERT',
    has_client_key: true,
    tags: ['prod'],
    start_at_launch: true,
    source: 'route:https://gate.example.com#1',
  }

  test('what is not touched is sent as it was, and the key kept', () => {
    const { has_client_key: _, ...same } = full
    assert.deepEqual(callOf(formOf(full), full), { ...same, keep_client_key: true })
  })

  test('a new key replaces the kept one, and without a certificate there is none', () => {
    const form = formOf(full)
    const typed = { ...form, trust: { ...form.trust, keyText: 'KEY' } }
    assert.equal(callOf(typed, full).client_key, 'KEY')
    assert.equal(callOf(typed, full).keep_client_key, false)
    const none = callOf({ ...form, trust: { ...form.trust, client: 'none' } }, full)
    assert.equal(none.client_cert, undefined)
    assert.equal(none.keep_client_key, false)
  })

  test('a filter of the system’s store stays until another certificate is chosen', () => {
    const stored: Settings = { ...settings, client_cert_from_store: { subject: 'CN=ada' } }
    const form = formOf(stored)
    assert.deepEqual(callOf(form, stored).client_cert_from_store, { subject: 'CN=ada' })
    const files = { ...form, trust: { ...form.trust, client: 'files' as const, certFile: 'a.pem' } }
    assert.equal(callOf(files, stored).client_cert_from_store, undefined)
    assert.equal(callOf(files, stored).client_cert_file, 'a.pem')
  })

  test('what is empty is left out, and what must be said is named', () => {
    assert.deepEqual(missingOf(emptyForm), ['name', 'destination'])
    assert.deepEqual(Object.keys(callOf({ ...emptyForm, name: ' a ', destination: 'b:1' })), [
      'name',
      'protocol',
      'destination',
      'start_at_launch',
      'tags',
      'disable_tls_verification',
      'keep_client_key',
    ])
  })

  test('a draft survives a reload, without the private key', () => {
    const kept = new Map<string, string>()
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    }
    const form = { ...emptyForm, name: 'a', trust: { ...emptyTrust, keyText: 'SECRET' } }
    keepDraft(storage, 'new', { base: emptyForm, form })
    assert.doesNotMatch([...kept.values()].join(''), /SECRET/)
    assert.equal(readDraft(storage, 'new')?.form.name, 'a')
    assert.equal(readDraft(storage, 'other'), undefined)
    keepDraft(storage, 'new', undefined)
    assert.equal(kept.size, 0)
    kept.set('postern-draft new', '{"base":1')
    assert.equal(readDraft(storage, 'new'), undefined)
  })

  test('forms are the same whatever the order of their keys', () => {
    const other = Object.fromEntries(Object.entries(emptyForm).toReversed()) as typeof emptyForm
    assert.equal(isSameForm(emptyForm, other), true)
    assert.equal(isSameForm(emptyForm, { ...emptyForm, tags: ['a'] }), false)
  })

  test('what belongs to another choice of certificate is not sent', () => {
    const form = { ...emptyTrust, client: 'text', certFile: 'a', certText: 'CERT' } as const
    assert.deepEqual(trustInputOf(form), { disable_tls_verification: false, client_cert: 'CERT' })
    assert.equal(trustFormOf({ ...settings, client_cert_file: 'a' }).client, 'files')
  })
})

describe('faults', () => {
  test('stand at their field, with what to do', () => {
    const problems = [
      { path: 'tags[2]', message: '"x" is too long' },
      { path: 'listen', message: '"a" is no address', hint: 'write "host:port"' },
      { path: 'somewhere.else', message: 'it is odd' },
    ]
    assert.equal(faultAt(problems, 'tags'), '"x" is too long.')
    assert.equal(faultAt(problems, 'listen'), '"a" is no address. Write "host:port".')
    assert.equal(faultAt(problems, 'name'), undefined)
    assert.deepEqual(elsewhere(problems, ['tags', 'listen']), problems.slice(2))
  })

  test('an answer that is not the daemon’s is told as one', () => {
    assert.deepEqual(parseFault('{"code":"a","message":"b"}', 400), { code: 'a', message: 'b' })
    for (const text of ['<html>', '{"error":"x"}', 'null', ''])
      assert.equal(parseFault(text, 502).code, 'not-understood')
  })

  test('an id is a part of its path, whatever it holds', () => {
    assert.equal(
      pathOf('/connections/:id/rdp', 'a/../b$&'),
      '/api/connections/a%2F..%2Fb%24%26/rdp',
    )
  })
})

test('the log is filtered by kind and text, newest first', () => {
  const log = [line(1), line(2, { level: 'error', hint: 'sign in' }), line(3, { level: 'warn' })]
  const numbers = (
    ...how: Parameters<typeof filterLog> extends [unknown, ...infer R] ? R : never
  ) => filterLog(log, ...how).map(({ number }) => number)
  assert.deepEqual(numbers('all', ''), [3, 2, 1])
  assert.deepEqual(numbers('error', ''), [2])
  assert.deepEqual(numbers('all', ' SIGN '), [2])
})

test('the picture of the traffic is the last minute, each second as a part of the highest', () => {
  const now = 1_000
  const { bars, peak, total } = pictureOf(
    [
      { second: now - shownSeconds, up: 9, down: 9 },
      { second: now - 1, up: 1, down: 3 },
      { second: now, up: 0, down: 2 },
      { second: now + 5, up: 7, down: 7 },
    ],
    now,
  )
  assert.equal(peak, 4)
  assert.deepEqual(total, { up: 1, down: 5 })
  assert.deepEqual(bars, [
    { at: shownSeconds - 2, up: 0.25, down: 0.75 },
    { at: shownSeconds - 1, up: 0, down: 0.5 },
  ])
  assert.deepEqual(pictureOf([], now).bars, [])
})

test('only a page of the web is linked', () => {
  assert.equal(webLink('https://gate.example.com/a'), 'https://gate.example.com/a')
  assert.equal(webLink('http://127.0.0.1:1/'), 'http://127.0.0.1:1/')
  for (const text of [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'x',
    undefined,
  ])
    assert.equal(webLink(text), undefined)
})

test('a gateway’s origin is what its address says, with or without a scheme', () => {
  assert.equal(originOf(' gate.example.com '), 'https://gate.example.com')
  assert.equal(originOf('https://gate.example.com:443/x'), 'https://gate.example.com')
  assert.equal(originOf('gate.example.com:8443'), 'https://gate.example.com:8443')
  assert.equal(originOf('not a host'), undefined)
})

test('beside the form that asks for access a hint names only other ways', () => {
  const command = 'ask for it with "postern request db.example.com:5432 --for 1h --reason TEXT"'
  const person = 'ask bob for access, and give the request id'
  assert.equal(otherWays(`enrol; or ${command}; or ${person}`), `enrol; or ${person}`)
  assert.equal(otherWays(person), person)
  assert.equal(otherWays(command), undefined)
  assert.equal(otherWays(undefined), undefined)
})
