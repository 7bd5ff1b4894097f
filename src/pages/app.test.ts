import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { silentLogger } from '../log.ts'
import { createApp } from './app.ts'

const origin = 'https://access.example.com'
const context = {
  requestId: 'r1',
  client: { ip: '192.0.2.1' },
} as unknown as Parameters<ReturnType<typeof createApp>>[1]

for (const [method, path, isWaiting] of [
  ['POST', '/scim/v2/Users', true],
  ['DELETE', '/api/v1/sessions/s1', true],
  ['GET', '/oauth2/callback?code=1', true],
  ['GET', '/oauth2/provider/other?code=1', true],
  // A slow disk must not make a load balancer believe that nobody is here.
  ['GET', '/healthz', false],
  ['HEAD', '/', false],
] as const)
  test(`${method} ${path} ${isWaiting ? 'is' : 'is not'} answered before its records are kept`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const app = createApp({ logger: silentLogger, signIn: undefined, beforeAnswer: () => promise })
    let isAnswered = false
    const answering = Promise.resolve(app(new Request(`${origin}${path}`, { method }), context))
    const done = answering.then(() => (isAnswered = true))
    await setImmediate()
    await setImmediate()
    assert.equal(isAnswered, !isWaiting)
    resolve()
    await done
  })
