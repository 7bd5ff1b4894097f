import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ApiFault, get, put } from '../../src/web/ui/api.ts'

function answers(t: TestContext, answer: () => Promise<Response>): void {
  t.mock.method(globalThis, 'fetch', answer)
}

const faultOf = (call: Promise<unknown>): Promise<ApiFault> =>
  call.then(
    () => assert.fail('it was answered'),
    (error: unknown) => (error instanceof ApiFault ? error : assert.fail(String(error))),
  )

test('of a change whose answer is lost nobody says that it was not made', async (t) => {
  answers(t, () => Promise.reject(new TypeError('connection reset')))
  const asked = await faultOf(get('/routes'))
  assert.deepEqual([asked.status, asked.code], [0, 'unreachable'])
  assert.match(asked.hint ?? '', /try again$/)
  const changed = await faultOf(put('/routes/db', {}))
  assert.deepEqual([changed.status, changed.code], [0, 'unreachable'])
  assert.match(changed.hint ?? '', /whether it was done is not known/)
})

test('what something on the way answers is told from the gateway', async (t) => {
  answers(t, () => Promise.resolve(new Response('<html>Welcome to the train</html>')))
  const { status, code, message } = await faultOf(get('/routes'))
  assert.deepEqual([status, code], [200, 'not-understood'])
  assert.equal(message, "the answer was 200, and not the gateway's own")
})
