import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilRegistered } from './connector.ts'

const never = new Promise<never>(() => undefined)
const nobody = new AbortController().signal

test('a connector that is registered is waited for no longer', async () => {
  await untilRegistered({ registered: Promise.resolve(), failed: never }, nobody)
})

test('what has failed is the reason, and so is an end that was asked for', async () => {
  const lost = new Error('the database is lost')
  const failed = Promise.resolve(lost)
  await assert.rejects(untilRegistered({ registered: never, failed }, nobody), lost)
  const asked = AbortSignal.abort(new Error('asked to end'))
  await assert.rejects(untilRegistered({ registered: never, failed }, asked), asked.reason as Error)
  const asking = new AbortController()
  const waiting = untilRegistered({ registered: never, failed: never }, asking.signal)
  asking.abort(lost)
  await assert.rejects(waiting, lost)
})

test('one that tries for ever is not waited for as long', async () => {
  await assert.rejects(untilRegistered({ registered: never, failed: never }, nobody, 1), {
    code: 'not-registered',
    message: 'the connector was not registered at the gateway within 0.001 seconds',
  })
})
