// What deploy/ has for Prometheus and Grafana names metrics that a gateway has, and Prometheus itself finds it right.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { runProgramSync } from '../src/program.fixture.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { peerTest, program } from './e2e/peers.ts'

const deploy = join(import.meta.dirname, '..', 'deploy')
const rules = join(deploy, 'prometheus', 'alerts.yaml')
const dashboard = join(deploy, 'grafana', 'postern.json')

/** Of every metric of a gateway: its name, with the suffixes that the text format gives it, and its labels. */
async function knownMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics()
  metrics.countSessions(() => 0)
  metrics.countConnections(() => ({ withTunnel: 0, withoutTunnel: 0 }))
  metrics.countDroppedLines(() => 0)
  metrics.forwarding.countLag(() => Promise.resolve([]))
  metrics.certificates.countCertificates(() => [])
  metrics.staples.countStaples(() => [])
  const types = (await metrics.render()).matchAll(/^# TYPE (\S+) (\S+)$/gm)
  const names = [...types].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  )
  return new Set(['up', ...names])
}

/** The metrics that an expression names: what is no function, keyword, label or text. */
function namedMetrics(expression: string): readonly string[] {
  const plain = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|without|on|ignoring) *\([^)]*\)/g, ' ')
  return [...plain.matchAll(/\b[a-z_][a-z0-9_]*\b(?! *\()/g)]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless', 'bool'].includes(name))
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[]
  }
}

const { panels, annotations, templating } = JSON.parse(readFileSync(dashboard, 'utf8')) as Dashboard

function expressionsOfDashboard(): readonly string[] {
  const variables = templating.list.flatMap(({ query }) =>
    typeof query === 'string' ? [] : [/\((.*),/.exec(query.query)?.[1] ?? assert.fail(query.query)],
  )
  const targets = panels.flatMap(({ targets: of = [] }) => of.map(({ expr }) => expr))
  return [...variables, ...targets, ...annotations.list.map(({ expr }) => expr)]
}

function expressionsOfRules(): readonly string[] {
  const { groups } = parse(readFileSync(rules, 'utf8')) as {
    groups: readonly { rules: readonly { expr: string }[] }[]
  }
  return groups.flatMap((group) => group.rules.map(({ expr }) => expr))
}

for (const [what, expressions] of [
  ['the dashboard', expressionsOfDashboard()],
  ['the alert rules', expressionsOfRules()],
] as const) {
  test(`${what} names only metrics that a gateway has`, async () => {
    const known = await knownMetrics()
    assert.ok(expressions.length > 10)
    for (const expression of expressions) {
      const named = namedMetrics(expression)
      assert.ok(named.length > 0, expression)
      for (const name of named) assert.ok(known.has(name), `"${name}" in ${expression}`)
    }
  })
}

test('the page about forwarding names metrics that there are', async () => {
  const known = await knownMetrics()
  const page = readFileSync(join(deploy, '..', 'docs', 'audit-forward.md'), 'utf8')
  const named = [...page.matchAll(/`(postern_[a-z_]+)`/g)].map(([, name = '']) => name)
  assert.ok(named.length >= 6)
  for (const name of named) assert.ok(known.has(name), name)
})

test('every metric of ours is shown by the dashboard', async () => {
  const shown = new Set(expressionsOfDashboard().flatMap(namedMetrics))
  const ours = [...(await knownMetrics())].filter((name) => /^postern_(?!.*_sum$)/.test(name))
  const hidden = ours.filter((name) => !shown.has(name))
  assert.deepEqual(hidden, ['postern_tunnel_duration_seconds_count'])
})

test('the panels of the dashboard lie side by side, each with an id and a title', () => {
  const taken = new Set<string>()
  for (const { id, title, gridPos } of panels) {
    assert.ok(title !== '' && gridPos.x + gridPos.w <= 24, title)
    assert.equal(panels.filter((panel) => panel.id === id).length, 1, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!taken.has(`${x} ${y}`), title)
        taken.add(`${x} ${y}`)
      }
    }
  }
})

peerTest('Prometheus takes the alert rules, and they fire when they should', ['promtool'], () => {
  for (const args of [
    ['check', 'rules', '--lint=all', '--lint-fatal', rules],
    ['test', 'rules', join(deploy, 'prometheus', 'alerts.test.yaml')],
  ]) {
    const { status, stdout, stderr } = runProgramSync(program('promtool'), args)
    assert.equal(status, 0, `${stdout}${stderr}`)
  }
  return Promise.resolve()
})

peerTest('Prometheus takes every expression of the dashboard', ['promtool'], async (scope) => {
  const { writeFile } = await import('node:fs/promises')
  const file = join(scope.directory, 'dashboard.yaml')
  const plain = expressionsOfDashboard().map((expr) =>
    expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:job|instance)/g, '.*'),
  )
  const records = plain.map((expr, index) => ({ record: `panel:${index}`, expr }))
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }))
  const { status, stdout, stderr } = runProgramSync(program('promtool'), ['check', 'rules', file])
  assert.equal(status, 0, `${stdout}${stderr}`)
})
