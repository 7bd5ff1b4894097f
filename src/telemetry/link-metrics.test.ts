import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { linkMetrics } from './link-metrics.ts'

test('connections and their streams are counted by tunnel, and are 0 when the last one has gone', async () => {
  const { metrics, value } = openRig()
  const first = metrics.registered('lab', link({ streams: 3 }))
  metrics.registered('lab', link({ streams: 4 }))
  metrics.registered('web', link())
  assert.equal(await value('postern_connector_links_active', 'tunnel="lab"'), 2)
  assert.equal(await value('postern_connector_streams_active', 'tunnel="lab"'), 7)
  assert.equal(await value('postern_connector_links_active', 'tunnel="web"'), 1)
  first.ended()
  assert.equal(await value('postern_connector_links_active', 'tunnel="lab"'), 1)
  assert.equal(await value('postern_connector_streams_active', 'tunnel="lab"'), 4)
})

test('what a connection has moved and opened is counted while it lives, and not lost with it', async () => {
  const { metrics, value } = openRig()
  const grown = { streams: 0, bytes: { up: 10, down: 20 }, opens: { ok: 1, failed: 2 } }
  const counted = metrics.registered('lab', grown)
  metrics.registered('lab', link({ bytes: { up: 1, down: 1 }, opens: { ok: 1, failed: 0 } }))
  Object.assign(grown.bytes, { up: 100 })
  const read = async () => [
    await value('postern_connector_bytes_total', 'tunnel="lab",direction="up"'),
    await value('postern_connector_bytes_total', 'tunnel="lab",direction="down"'),
    await value('postern_connector_opens_total', 'tunnel="lab",outcome="ok"'),
    await value('postern_connector_opens_total', 'tunnel="lab",outcome="failed"'),
  ]
  assert.deepEqual(await read(), [101, 21, 2, 2])
  counted.ended()
  counted.ended()
  assert.deepEqual(await read(), [101, 21, 2, 2])
})

test('one that tells nothing of its bytes counts nothing, and breaks no sum', async () => {
  const { metrics, value } = openRig()
  metrics.registered('lab', { streams: 1 }).ended()
  assert.equal(await value('postern_connector_bytes_total', 'tunnel="lab",direction="up"'), 0)
})

test('beyond a thousand tunnels the further ones share a row', async () => {
  const { metrics, value, registry } = openRig()
  for (let index = 0; index < 1_005; index += 1) metrics.registered(`t${index}`, link())
  assert.equal(await value('postern_connector_links_active', 'tunnel="other"'), 5)
  const text = await registry.metrics()
  assert.equal(text.match(/^postern_connector_links_active\{/gm)?.length, 1_001)
})

test('refusals are counted by their code', async () => {
  const { metrics, value } = openRig()
  for (const code of ['wrong-secret', 'wrong-secret', 'tunnel-deleted']) metrics.refused(code)
  assert.equal(await value('postern_connector_refusals_total', 'why="wrong-secret"'), 2)
})

function openRig() {
  const registry = new Registry()
  return {
    registry,
    metrics: linkMetrics(registry),
    /** What a scrape shows. */
    async value(name: string, labels: string) {
      const text = await registry.metrics()
      const line = text.split('\n').find((each) => each.startsWith(`${name}{${labels}}`))
      return line === undefined ? undefined : Number(line.split(' ').at(-1))
    },
  }
}

function link(more = {}) {
  return { streams: 0, bytes: { up: 0, down: 0 }, opens: { ok: 0, failed: 0 }, ...more }
}
