import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoute } from './parse-route.ts'

const route = { from: 'tcp+https://db.example.com:5432', to: 'tcp://127.0.0.1:5432' }
const approvers = { allow: { or: [{ groups: { has: 'dba' } }] } }
const parse = (keys: Record<string, unknown>) =>
  parseRoute({ ...route, ...keys }, { clientCertificates: 'none' })

test('a route says who lets others in, and for how long at most', () => {
  const { checked, warnings } = parse({ approval: { approvers, max: '2h' } })
  assert.equal(checked?.requests.approval?.maxMs, 2 * 3_600_000)
  assert.equal(checked.requests.breakGlass, undefined)
  // Nobody else may use it, and that is meant.
  assert.deepEqual(warnings, [])
  const byDefault = parse({ approval: { approvers } }).checked
  assert.equal(byDefault?.requests.approval?.maxMs, 8 * 3_600_000)
})

test('break-glass lasts as long as an approval may, or an hour', () => {
  const lone = parse({ break_glass: approvers }).checked?.requests
  assert.deepEqual([lone?.approval, lone?.breakGlass?.maxMs], [undefined, 3_600_000])
  const both = parse({ approval: { approvers, max: '30m' }, break_glass: approvers })
  assert.equal(both.checked?.requests.breakGlass?.maxMs, 30 * 60_000)
})

test('a route that is asked for has people sign in, whatever its policy reads', () => {
  assert.equal(parse({}).policy?.readsSubject, false)
  const { policy } = parse({ approval: { approvers } })
  assert.deepEqual([policy?.readsSubject, policy?.needsProvider], [true, true])
})

test('what is wrong with it is told at its place', () => {
  const faultsOf = (keys: Record<string, unknown>): readonly string[] =>
    parse(keys).faults.map(({ path, message }) => `${path.join('.')}: ${message}`)
  assert.deepEqual(faultsOf({ approval: { approvers: { alow: {} } } }), [
    'approval.approvers.alow: unknown key "alow", expected "allow" or "deny"',
  ])
  assert.deepEqual(faultsOf({ approval: {} }), ['approval.approvers: is required: a policy'])
  assert.equal(faultsOf({ approval: { approvers, max: 'soon' } }).length, 1)
  assert.equal(faultsOf({ approval: { approvers, maximum: '1h' } }).length, 1)
  assert.equal(faultsOf({ break_glass: [{ allow: { or: [{ nobody: 1 }] } }] }).length, 1)
  assert.equal(parse({ break_glass: 'all' }).checked, undefined)
})
