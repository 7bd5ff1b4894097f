import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, type Duplex } from 'node:stream'
import { test } from 'node:test'
import { AccessError } from '../../errors.ts'
import type { TunnelOpener } from './connection.ts'
import { withFirstTunnel } from './first-tunnel.ts'

const authority = 'db.example.com:5432'
const { signal } = new AbortController()

function opener(): TunnelOpener & { readonly opened: Duplex[] } {
  const opened: Duplex[] = []
  return {
    opened,
    open() {
      opened.push(new PassThrough())
      return Promise.resolve(opened.at(-1) as Duplex)
    },
    learnFate: () => Promise.resolve({}),
  }
}

test('the first connection gets the tunnel that is open, with what came meanwhile, and the next one its own', async () => {
  const plain = opener()
  const first = await withFirstTunnel(plain, authority, signal)
  const [kept] = plain.opened
  kept?.write('greeting')
  const tunnel = await first.open(authority, signal)
  assert.equal(tunnel, kept)
  assert.equal(String(tunnel.read()), 'greeting')
  assert.notEqual(await first.open(authority, signal), kept)
  assert.equal(plain.opened.length, 2)
})

test('a tunnel that was lost meanwhile is handed to nobody', async () => {
  const plain = opener()
  const first = await withFirstTunnel(plain, authority, signal)
  const [kept] = plain.opened
  kept?.destroy(new Error('lost'))
  const tunnel = await first.open(authority, signal)
  assert.notEqual(tunnel, kept)
  assert.equal(tunnel.destroyed, false)
})

test('one that nobody wants is given up before its service loses patience', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const plain = opener()
  const first = await withFirstTunnel(plain, authority, signal)
  const [kept] = plain.opened
  assert.ok(kept !== undefined)
  const closed = once(kept, 'close').catch(() => undefined)
  t.mock.timers.tick(5_000)
  await closed
  assert.notEqual(await first.open(authority, signal), kept)
})

test('a refusal comes before anybody connects', async () => {
  const refusing = {
    ...opener(),
    open: () => Promise.reject(new AccessError('policy-denied', 'no')),
  }
  await assert.rejects(withFirstTunnel(refusing, authority, signal), { code: 'policy-denied' })
})
